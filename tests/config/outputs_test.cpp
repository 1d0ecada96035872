// Outputs: what is read, what is refused, and that no file is written twice.
#include "tests/config/loading.hpp"
#include "tests/support/temp_folder.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::testing;

namespace {

/// A certificate with one output in line 5, of these keys.
std::string with(std::string_view keys) {
    return fmt::format("{}    outputs: [{{{}}}]\n", entry, keys);
}

const certificate_output& only(const config::settings& s) {
    REQUIRE(s.certificates.at(0)->policy->outputs.size() == 1);
    return s.certificates.front()->policy->outputs.front();
}

} // namespace

TEST_CASE("an output has what is given and nothing else") {
    const certificate_output few = only(good(with("directory: /etc/ssl/x/, formats: [privkey, cert]")));
    CHECK(few.directory == "/etc/ssl/x");
    CHECK(few.formats == std::vector{output_format::privkey, output_format::cert});
    CHECK(few.owner.empty());
    CHECK(few.group.empty());
    CHECK(!few.mode);
    CHECK(few.password_file.empty());
    const temp_folder files;
    const std::string password = files.write("password", "secret\nmore\n");
    const certificate_output all = only(
        good(with(fmt::format("directory: \"/etc/{{name}}\", formats: [pkcs12], owner: root, group: \"0\", "
                              "mode: 0440, password_file: {}",
                              password))));
    CHECK(all.directory == "/etc/{name}");
    CHECK(all.owner == "root");
    CHECK(all.group == "0");
    CHECK(all.mode == 0440U);
    CHECK(all.password_file == password);
    for (const auto& [text, mode] : {std::pair("\"0640\"", 0640U), {"640", 0640U}, {"\"0600\"", 0600U}}) {
        CHECK(only(good(with(fmt::format("directory: /x, formats: [privkey], mode: {}", text)))).mode ==
              mode);
    }
    CHECK(only(good(with("directory: /x, formats: [cert], mode: 0644"))).mode == 0644U);
}

TEST_CASE("certificates have the outputs of defaults unless they have their own") {
    const config::settings s =
        good("email: ops@example.com\nagree_to_terms: true\n"
             "defaults: {outputs: [{directory: \"/etc/ssl/{name}\", formats: [fullchain]}]}\n"
             "certificates:\n"
             "  - names: [a.example]\n"
             "  - names: [b.example]\n"
             "  - {names: [c.example], outputs: []}\n"
             "  - {names: [d.example], outputs: [{directory: /srv, formats: [pkcs12]}]}\n"
             "  - {names: [e.example], outputs: [{directory: /srv, formats: [pkcs12]}]}\n");
    const auto policy = [&](std::size_t i) { return s.certificates.at(i)->policy; };
    CHECK(policy(0)->outputs.front().directory == "/etc/ssl/{name}");
    CHECK(policy(0) == policy(1));
    CHECK(policy(2)->outputs.empty());
    CHECK(policy(3)->outputs.front().directory == "/srv");
    CHECK(policy(3) == policy(4)); // their files carry their names
    CHECK(!policy(3)->deploys_like(*policy(0)));
}

TEST_CASE("outputs that are not safe or not possible are mistakes") {
    const temp_folder files;
    const std::string empty = files.write("empty", "\nsecond line\n");
    const std::string outputs = "certificates[0].outputs";
    const std::string dir = "directory: /srv, ";
    const std::string pkcs12 = dir + "formats: [pkcs12], password_file: ";
    check({
        {with("formats: [cert]"), "5:15: " + outputs + "[0].directory", "this key is needed"},
        {with("directory: /srv"), "5:15: " + outputs + "[0].formats", "this key is needed"},
        {with(dir + "formats: []"), "5:42: " + outputs + "[0].formats", "empty"},
        {with(dir + "formats: [cert, cert]"), "5:49: " + outputs + "[0].formats", "twice"},
        {with(dir + "formats: [pem]"), "5:43: " + outputs + "[0].formats[0]", "combined"},
        {with(dir + "formats: [cert], owner: nobody-here"), "5:57: " + outputs + "[0].owner",
         "no user \"nobody-here\""},
        {with(dir + "formats: [cert], group: nobody-here"), "5:57: " + outputs + "[0].group",
         "no group \"nobody-here\""},
        {with(dir + "formats: [cert], group: \"4294967295\""), "5:57: " + outputs + "[0].group", "no group"},
        {with(dir + "formats: [privkey], mode: 0644"), "5:59: " + outputs + "[0].mode", "write \"0640\""},
        {with(dir + "formats: [cert, combined], mode: 0604"), "5:66: " + outputs + "[0].mode", "combined"},
        {with(dir + "formats: [pkcs12], mode: 0641"), "5:58: " + outputs + "[0].mode", "private key"},
        {with(dir + "formats: [cert], mode: 0646"), "5:56: " + outputs + "[0].mode", "write \"0644\""},
        {with(dir + "formats: [cert], mode: 4755"), "5:56: " + outputs + "[0].mode", "three octal digits"},
        {with(dir + "formats: [cert], password_file: /x"), "5:65: " + outputs + "[0].password_file",
         "protects pkcs12 only"},
        {with(pkcs12 + "/missing"), "5:67: " + outputs + "[0].password_file", "cannot be read"},
        {with(pkcs12 + empty), "5:67: " + outputs + "[0].password_file", "no password"},
        {with("directory: /var/lib/evercert/live, formats: [cert]"), "5:27: " + outputs + "[0].directory",
         "data_dir"},
        {with("directory: /var/lib/evercert, formats: [cert]"), "5:27: " + outputs + "[0].directory",
         "data_dir"},
        {no_certificates + "defaults: {outputs: [{directory: /srv, formats: [pkcs12]}]}\n",
         "3:34: defaults.outputs[0].directory", "{name}"},
    });
    CHECK(only(good(with("directory: /var/lib/evercert-copies, formats: [cert]"))).formats.size() == 1);
}

TEST_CASE("a file that two outputs would write is a mistake") {
    const std::string two = "{directory: /srv, formats: [cert, privkey]}";
    const std::string b = "  - names: [b.example]\n    outputs: ";
    check({
        {entry + "    outputs: [" + two + ", {directory: /srv, formats: [privkey]}]\n",
         "5:14: certificates[0].outputs", "\"/srv/privkey.pem\" would be written by two outputs"},
        {entry + "    outputs: [" + two + "]\n" + b + "[{directory: /srv, formats: [der, cert]}]\n",
         "7:14: certificates[1].outputs", "line 5"},
        {entry +
             "    name: x\n    keys: [ecdsa-p256, rsa-2048]\n    outputs: [{directory: /srv, formats: "
             "[pkcs12]}]\n" +
             "  - names: [b.example]\n    name: x.rsa-2048\n    outputs: [{directory: /srv, formats: "
             "[pkcs12]}]\n",
         "10:14: certificates[1].outputs", "/srv/x.rsa-2048.p12"},
        {"email: ops@example.com\nagree_to_terms: true\n"
         "defaults: {outputs: [{directory: \"/srv/{name}\", formats: [cert]}]}\n"
         "certificates:\n"
         "  - {names: [a.example], outputs: [{directory: /srv/b.example, formats: [cert]}]}\n"
         "  - {names: [b.example]}\n",
         "6:5: certificates[1]", "/srv/b.example/cert.pem"},
    });
    CHECK(good(entry + "    outputs: [" + two + ", {directory: /srv, formats: [fullchain, der]}]\n")
              .certificates.front()
              ->policy->outputs.size() == 2);
}
