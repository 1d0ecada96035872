// Who is told of what, as the file says it.
#include "config/diff.hpp"
#include "tests/config/loading.hpp"
#include "tests/support/temp_folder.hpp"

#include <string>

using namespace evercert;
using namespace evercert::config;
using namespace evercert::testing;

namespace {

const notification& only(const settings& all) {
    REQUIRE(all.notifications.size() == 1);
    return all.notifications.front();
}

} // namespace

TEST_CASE("one line is enough to be told") {
    const settings all = good(head + "notify: [{webhook: \"https://chat.example/hook\"}]\n");
    const notification& told = only(all);
    CHECK(told.name == "webhook");
    CHECK(told.on == std::set<news>{news::revoked, news::failing, news::expiring, news::recovered});
    CHECK(std::get<webhook_channel>(told.how).url == "https://chat.example/hook");
    CHECK(told.after == 3);
    CHECK(!told.expiring);
    CHECK(told.limit == rate{20, std::chrono::hours(1)});
    CHECK(good(head).notifications.empty());
}

TEST_CASE("all keys of a notification arrive") {
    const settings all =
        good(head + "notify: [{name: ops, on: [renewed, failing], mail: [a@b.example, c@d.example], "
                    "from: e@f.example, smtp: \"[::1]:2525\", after: 1, expiring: 5d, certificates: "
                    "[a.example, \"*.a.example\", \"*\"], limit: off, gather: 2s, timeout: 9s}]\n");
    const notification& told = only(all);
    CHECK(told.name == "ops");
    CHECK(told.on == std::set<news>{news::failing, news::renewed});
    const auto& mail = std::get<mail_channel>(told.how);
    CHECK(mail.to == std::vector<std::string>{"a@b.example", "c@d.example"});
    CHECK(mail.from == "e@f.example");
    CHECK(mail.smtp == endpoint{"::1", 2525});
    CHECK(told.after == 1);
    CHECK(told.expiring == std::chrono::days(5));
    CHECK(told.certificates == std::vector<std::string>{"a.example", "*.a.example", "*"});
    CHECK(!told.limit.limited());
    CHECK(told.gather == seconds(2));
    CHECK(told.timeout == seconds(9));
}

TEST_CASE("entries without a name are numbered by kind") {
    const settings all = good(
        head + "notify: [{mail: a@b.example}, {command: [x]}, {mail: c@d.example}, {command: [y, z]}]\n");
    std::vector<std::string> names;
    for (const notification& each : all.notifications) {
        names.push_back(each.name);
    }
    CHECK(names == std::vector<std::string>{"mail", "command", "mail-2", "command-2"});
    CHECK(std::get<command_channel>(all.notifications[3].how).argv == std::vector<std::string>{"y", "z"});
    CHECK(std::get<mail_channel>(all.notifications[0].how).sendmail == "/usr/sbin/sendmail");
}

TEST_CASE("plain http stays on this machine unless it is meant") {
    for (const std::string url : {"http://127.0.0.1:8/x", "http://127.9.9.9", "http://[::1]/",
                                  "http://[::1]:9/", "http://localhost", "http://localhost:1/x"}) {
        good(head + "notify: [{webhook: \"" + url + "\"}]\n");
    }
    for (const std::string url : {"http://chat.example/", "http://192.0.2.1/", "http://127.example.com/",
                                  "http://[2001:db8::1]/", "http://localhost.example.com/"}) {
        check({{head + "notify: [{webhook: \"" + url + "\"}]\n", "4:20: notify[0].webhook", "on the way"}});
        good(head + "notify: [{webhook: \"" + url + "\", plain_http: true}]\n");
    }
}

TEST_CASE("what does not go together is a mistake at its place") {
    check({
        {head + "notify: [{on: [failing]}]\n", "4:10: notify[0]", "one of webhook, mail and command"},
        {head + "notify: [{webhook: \"https://a.example\", command: [x]}]\n", "4:50: notify[0].command",
         "exclude each other"},
        {head + "notify: [{webhook: \"https://a.example\", smtp: \"127.0.0.1:25\"}]\n",
         "4:47: notify[0].smtp", "belongs to mail, not to webhook"},
        {head + "notify: [{command: [x], secret_file: /k}]\n", "4:38: notify[0].secret_file",
         "belongs to webhook"},
        {head + "notify: [{mail: a@b.example, smtp: \"127.0.0.1:25\", sendmail: /x}]\n",
         "4:62: notify[0].sendmail", "exclude each other"},
        {head + "notify: [{webhook: \"https://a.example\", secret_file: /k, secret_credential: c}]\n",
         "4:77: notify[0].secret_credential", "exclude each other"},
        {head + "notify: [{webhook: \"https://a.example\", trust: /no/such.pem}]\n", "4:48: notify[0].trust",
         "no/such.pem"},
        {head + "notify: [{command: [x], name: a}, {command: [y], name: a}]\n", "4:56: notify[1].name",
         "called \"a\" as well"},
        {head + "notify: [{command: [x], certificates: [a.exmaple]}]\n", "4:40: notify[0].certificates[0]",
         "did you mean \"a.example\"?"},
        {head + "notify: [{command: [x], on: [failing, failing]}]\n", "4:39: notify[0].on",
         "stands here twice"},
        {head + "notify: [{mail: [a@b.example, a@b.example]}]\n", "4:31: notify[0].mail",
         "stands here twice"},
    });
}

TEST_CASE("a key that would do nothing is a mistake") {
    const temp_folder files;
    const std::string roots = files.write("roots.pem", "-----BEGIN CERTIFICATE-----\n");
    check({
        {head + "notify: [{command: [x], on: [expiring], after: 1}]\n", "4:48: notify[0].after",
         "add failing"},
        {head + "notify: [{command: [x], on: [revoked], expiring: 3d}]\n", "4:50: notify[0].expiring",
         "add expiring"},
        {head + "notify: [{command: [x], on: [revoked, recovered]}]\n", "4:29: notify[0].on",
         "only told after failing or expiring"},
        {head + "notify: [{webhook: \"https://a.example\", plain_http: true}]\n",
         "4:53: notify[0].plain_http", "the URL is https"},
        {head + "notify: [{webhook: \"http://[::1]/\", trust: " + roots + "}]\n", "4:44: notify[0].trust",
         "the URL is http;"},
    });
    // What expires soon is told as failing.
    good(head + "notify: [{command: [x], on: [failing], expiring: 3d}]\n");
    good(head + "notify: [{command: [x], on: [expiring, recovered], expiring: 3d}]\n");
    good(head + "notify: [{webhook: \"http://localhost/\", plain_http: true}]\n");
}

TEST_CASE("the list is bounded") {
    std::string all = head + "notify:\n";
    for (int i = 0; i < 32; ++i) {
        all += "  - {command: [x]}\n";
    }
    CHECK(good(all).notifications.size() == 32);
    check({{all + "  - {command: [x]}\n", "37:5: notify[32]", "at most 32"}});
}

TEST_CASE("a pattern that takes nothing in is warned of") {
    const auto with = [](const std::string& pattern) {
        return warnings(good(head + "notify: [{command: [x], certificates: [" + pattern + "]}]\n"));
    };
    CHECK(with("a.example").empty());
    CHECK(with("\"*\"").empty());
    const auto told = with("\"*.other.example\"");
    REQUIRE(told.size() == 1);
    CHECK(told[0] == "notification command: no certificate has a name like *.other.example yet");
}

TEST_CASE("a reload sees that notifications changed, and nothing else") {
    const settings none = good(head);
    const settings one = good(head + "notify: [{command: [x]}]\n");
    const difference change = compare(none, one);
    CHECK(change.others == std::vector<std::string>{"notifications"});
    CHECK((change.added.empty() && change.changed.empty() && change.removed.empty() &&
           change.needs_restart.empty()));
    CHECK(compare(one, one).others.empty());
    CHECK(!(none == one));
}
