// What each channel sends, and what it makes of the answer.
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "tests/daemon/notify/stage.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/support/temp_folder.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

message sample() {
    message what;
    what.id = "00112233445566778899aabbccddeeff";
    what.created = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(22);
    what.subject = "a.example is failing";
    what.text = "a.example is failing\n";
    what.json = "{\"version\":1}";
    what.events = "failing";
    what.certificates = "a.example b.example";
    what.total = 2;
    return what;
}

struct world {
    delivery send(channel& way, message what = sample()) {
        std::optional<delivery> out;
        asio::co_spawn(loop, way.deliver(std::move(what)), [&](const std::exception_ptr& e, delivery d) {
            REQUIRE(!e);
            out = std::move(d);
        });
        time.run_ready();
        REQUIRE(out.has_value());
        return std::move(*out);
    }
    webhook_parts web() { return {.http = http, .workers = workers, .time = time}; }

    asio::io_context loop;
    fake_time time{loop};
    scripted_http http;
    worker_pool workers{0, worker_pool::inline_work::at_once};
};

config::webhook_channel hook(std::string secret_file = {}) {
    return {.url = "https://h.example/secret-path?token=1",
            .secret_file = std::move(secret_file),
            .secret_credential = {},
            .trust = {}};
}

class kept_runner final : public process_runner {
public:
    awaitable<result<process_outcome>> run(process_request request) override {
        requests.push_back(std::move(request));
        co_return next;
    }
    std::vector<process_request> requests;
    result<process_outcome> next = process_outcome();
};

process_outcome ended(int code, std::string output = {}) {
    process_outcome out;
    out.exit_code = code;
    out.output = std::move(output);
    return out;
}

std::string lines_of(const std::string& mail, const std::string& name) {
    const std::size_t from = mail.find(name + ": ");
    return from == std::string::npos ? "" : mail.substr(from, mail.find('\n', from) - from);
}

} // namespace

TEST_CASE("A webhook is signed as Standard Webhooks has it") {
    const temp_folder files;
    struct row {
        std::string file;
        std::string key;
    };
    for (const row& each :
         {row{"plain words\n", "plain words"}, row{"whsec_c2VjcmV0IGJ5dGVz\n", "secret bytes"}}) {
        world w;
        w.http.expect("POST", "https://h.example/secret-path?token=1", sample().json, 204, "");
        const auto way = make_webhook(w.web(), hook(files.write("key", each.file)), seconds(7));
        REQUIRE(w.send(*way).has_value());
        const http_request& sent = w.http.requests.at(0);
        CHECK(sent.deadline == seconds(7));
        const std::string moment = fmt::format("{}", w.time.now().time_since_epoch() / seconds(1));
        const std::string mac =
            crypto::hmac_sha256(each.key, sample().id + "." + moment + "." + sample().json);
        CHECK(sent.headers == std::vector<http_header>{{"Content-Type", "application/json"},
                                                       {"webhook-id", sample().id},
                                                       {"webhook-timestamp", moment},
                                                       {"webhook-signature", "v1," + crypto::base64(mac)}});
        CHECK(way->target() == "https://h.example");
    }
}

TEST_CASE("Without a secret there is no signature; one that cannot be read sends nothing") {
    world w;
    w.http.expect("POST", hook().url, sample().json, 200, "ok");
    REQUIRE(w.send(*make_webhook(w.web(), hook(), seconds(7))).has_value());
    CHECK(w.http.requests.at(0).headers.size() == 3);
    const temp_folder files;
    for (const std::string& place : {std::string("/no/such/key"), files.write("bad", "whsec_!!\n"),
                                     files.write("none", "whsec_\n"), files.write("empty", "\n")}) {
        const delivery out = w.send(*make_webhook(w.web(), hook(place), seconds(7)));
        REQUIRE(!out.has_value());
        CHECK_FALSE(out.error().for_good); // a key may be put there
        CHECK(out.error().why.message.find(place) != std::string::npos);
    }
    CHECK(w.http.requests.size() == 1);
}

TEST_CASE("What a webhook answers: taken, later, or never") {
    struct row {
        unsigned status;
        std::string retry_after;
        bool for_good;
        std::optional<milliseconds> wait;
    };
    const std::vector<row> rows = {
        {500, "", false, std::nullopt},
        {503, "120", false, seconds(120)},
        {429, "999999999999", false, std::chrono::hours(1)},
        {429, "-5", false, std::nullopt},
        {429, "Sat, 21 Nov 2026 00:05:00 GMT", false, std::chrono::minutes(5)},
        {429, "Sat, 21 Nov 2020 00:05:00 GMT", false, milliseconds(0)},
        {408, "soon", false, std::nullopt},
        {301, "", true, std::nullopt},
        {400, "60", true, std::nullopt},
        {401, "", true, std::nullopt},
        {410, "", true, std::nullopt},
    };
    for (const row& each : rows) {
        INFO(each.status << " " << each.retry_after);
        world w;
        std::vector<http_header> headers;
        if (!each.retry_after.empty()) {
            headers.emplace_back("retry-after", each.retry_after);
        }
        w.http.expect("POST", hook().url, sample().json, each.status, "no\x1b[31m", headers);
        const delivery out = w.send(*make_webhook(w.web(), hook(), seconds(7)));
        REQUIRE(!out.has_value());
        CHECK(out.error().for_good == each.for_good);
        CHECK(out.error().wait == each.wait);
        const std::string text = out.error().why.text();
        CHECK(text.find(fmt::format("https://h.example answered with status {}", each.status)) !=
              std::string::npos);
        CHECK(text.find("token") == std::string::npos);
        CHECK(text.find("no") != std::string::npos);
        CHECK(text.find('\x1b') == std::string::npos);
    }
    world w;
    w.http.expect("POST", hook().url, sample().json, 404, "Cannot POST /secret-path");
    CHECK(w.send(*make_webhook(w.web(), hook(), seconds(7))).error().why.text() ==
          "https://h.example answered with status 404");
    w.http.expect_failure("POST", hook().url, sample().json, errc::timed_out);
    CHECK_FALSE(w.send(*make_webhook(w.web(), hook(), seconds(7))).error().for_good);
}

TEST_CASE("A mail has the headers it needs, and no line ends in them") {
    config::mail_channel how;
    how.to = {"ops@example.com", "sec@example.com"};
    message what = sample();
    const std::string mail = mail_text(what, how, "web1");
    CHECK(mail == "Date: Sun, 22 Nov 2026 22:00:00 +0000\n"
                  "From: evercert <evercert@web1>\n"
                  "To: ops@example.com,\n sec@example.com\n"
                  "Subject: evercert on web1: a.example is failing\n"
                  "Message-ID: <00112233445566778899aabbccddeeff@web1>\n"
                  "MIME-Version: 1.0\n"
                  "Content-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: 7bit\n"
                  "Auto-Submitted: auto-generated\n"
                  "\n"
                  "a.example is failing\n");
    how.from = "me@example.com\nBcc: all@example.com";
    what.subject = "x\r\nBcc: all@example.com\r\n\r\n\xc3\xa4" + std::string(2000, 's');
    const std::string hostile = mail_text(what, how, "web1");
    CHECK(hostile.find("\nBcc") == std::string::npos);
    CHECK(lines_of(hostile, "Subject").size() < 900);
    CHECK(hostile.find("\n\n") == mail_text(what, how, "web1").find("\n\na.example"));
}

TEST_CASE("Text that is not plain goes as base64, in short lines") {
    config::mail_channel how;
    how.to = {"ops@example.com"};
    for (const std::string& text : {std::string("gr\xc3\xbc\xc3\x9f"
                                                "e\nzwei\n"),
                                    std::string(3000, 'x') + "\n"}) {
        message what = sample();
        what.text = text;
        const std::string mail = mail_text(what, how, "web1");
        CHECK(lines_of(mail, "Content-Transfer-Encoding") == "Content-Transfer-Encoding: base64");
        std::string body = mail.substr(mail.find("\n\n") + 2);
        for (std::size_t at = 0; at < body.size(); at = body.find('\n', at) + 1) {
            CHECK(body.find('\n', at) - at <= 76);
        }
        std::erase(body, '\n');
        std::string decoded = crypto::base64_decode_liberal(body).value();
        std::erase(decoded, '\r');
        CHECK(decoded == text);
    }
}

TEST_CASE("sendmail gets the mail on its standard input, and its words are told") {
    world w;
    kept_runner runner;
    config::mail_channel how;
    how.to = {"ops@example.com", "-x@example.com"};
    how.from = "me@example.com";
    const mail_parts parts{.processes = runner, .smtp = {}, .host = "web1"};
    runner.next = ended(0);
    REQUIRE(w.send(*make_mail(parts, how, seconds(9))).has_value());
    const process_request& ran = runner.requests.at(0);
    CHECK(ran.argv == std::vector<std::string>{"/usr/sbin/sendmail", "-i", "-f", "me@example.com", "--",
                                               "ops@example.com", "-x@example.com"});
    CHECK(ran.input == mail_text(sample(), how, "web1"));
    CHECK(ran.deadline == seconds(9));
    struct row {
        int code;
        std::string output;
        bool for_good;
        std::string words;
    };
    for (const row& each :
         {row{75, "try later", false, "try later"}, row{67, "no such user", true, "no such user"},
          row{1, "postdrop: warning: mail_queue_enter: create file maildrop/1: Permission denied", false,
              "`smtp: \"127.0.0.1:25\"` in place of it"}}) {
        runner.next = ended(each.code, each.output);
        const delivery out = w.send(*make_mail(parts, how, seconds(9)));
        REQUIRE(!out.has_value());
        CHECK(out.error().for_good == each.for_good);
        CHECK(out.error().why.text().find(each.words) != std::string::npos);
    }
    runner.next = fail(errc::not_found, "there is no program");
    const delivery out = w.send(*make_mail(parts, how, seconds(9)));
    CHECK_FALSE(out.error().for_good);
    CHECK(out.error().why.message.find("with `smtp:") != std::string::npos);
}

TEST_CASE("With smtp a mail server gets it, and no program is run") {
    world w;
    kept_runner runner;
    std::vector<outgoing_mail> sent;
    result<std::string> answer = std::string("550 not him");
    auto smtp = [&](outgoing_mail what) -> awaitable<result<std::string>> {
        sent.push_back(std::move(what));
        co_return answer;
    };
    config::mail_channel how;
    how.to = {"ops@example.com"};
    how.smtp = endpoint{"127.0.0.1", 25};
    const mail_parts parts{.processes = runner, .smtp = smtp, .host = "web1"};
    const auto way = make_mail(parts, how, seconds(9));
    CHECK(w.send(*way).value() == "550 not him");
    CHECK(sent.at(0).from == "evercert@web1");
    CHECK(sent.at(0).our_name == "web1");
    CHECK(sent.at(0).to == how.to);
    CHECK(sent.at(0).message == mail_text(sample(), how, "web1"));
    CHECK(sent.at(0).all_or_none);
    message often = sample();
    often.attempts = 5;
    REQUIRE(w.send(*way, often).has_value());
    CHECK_FALSE(sent.at(1).all_or_none);
    CHECK(way->target() == "ops@example.com through 127.0.0.1:25");
    for (const errc code : {errc::busy, errc::network, errc::timed_out, errc::protocol}) {
        answer = fail(code, "x");
        CHECK_FALSE(w.send(*way).error().for_good);
    }
    for (const errc code : {errc::refused, errc::invalid_argument}) {
        answer = fail(code, "x");
        CHECK(w.send(*way).error().for_good);
    }
    CHECK(runner.requests.empty());
}

TEST_CASE("A command gets the JSON on its standard input and the most important in its environment") {
    world w;
    kept_runner runner;
    config::command_channel how;
    how.argv = {"/usr/local/bin/told", "certificates"};
    const auto way = make_command(runner, how, seconds(9));
    runner.next = ended(0);
    REQUIRE(w.send(*way).has_value());
    const process_request& ran = runner.requests.at(0);
    CHECK(ran.argv == how.argv);
    CHECK(ran.input == sample().json);
    CHECK(ran.environment ==
          std::vector<std::pair<std::string, std::string>>{{"EVERCERT_EVENTS", "failing"},
                                                           {"EVERCERT_CERTIFICATES", "a.example b.example"},
                                                           {"EVERCERT_COUNT", "2"},
                                                           {"EVERCERT_SUBJECT", "a.example is failing"},
                                                           {"EVERCERT_MESSAGE_ID", sample().id},
                                                           {"EVERCERT_TEST", ""}});
    runner.next = ended(3, "no \x1b[31mway");
    const delivery out = w.send(*way);
    CHECK_FALSE(out.error().for_good);
    CHECK(out.error().why.text().find("/usr/local/bin/told exited with 3") != std::string::npos);
    CHECK(out.error().why.text().find('\x1b') == std::string::npos);
}
