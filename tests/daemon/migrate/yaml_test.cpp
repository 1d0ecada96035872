#include "config/load.hpp"
#include "daemon/migrate/mapping.hpp"
#include "daemon/migrate/yaml.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::daemon;

TEST_CASE("A scalar is plain where nothing can be misread") {
    for (const char* plain :
         {"a", "example.com", "/var/www/html", "ecdsa-p256", "a@b.example", "x", "y2-a", "2001-z", "x_y"}) {
        CHECK(yaml_scalar(plain) == plain);
    }
    for (const char* quoted :
         {"",           "true", "No",        "NULL",         "y",           "1",    "1.5",
          "2026-01-01", "1e3",  "0x1f",      "2001-a",       "*.a.example", "a: b", "a #b",
          "- a",        "[a",   "{a}",       "&a",           "!a",          "%a",   "`a",
          "a,b",        " a",   "127.0.0.1", "127.0.0.1:80", "-c",          ".nan", "~",
          "gr\xC3\xBCn"}) {
        INFO(quoted);
        CHECK(yaml_scalar(quoted) == "\"" + std::string(quoted) + "\"");
    }
    CHECK(yaml_scalar("a\"b\\c\n\t\x7f") == "\"a\\\"b\\\\c\\n\\t\\x7f\"");
    CHECK(yaml_list({}) == "[]");
}

TEST_CASE("What is written comes back from the parser byte by byte") {
    const std::vector<std::string> hard = {"/bin/sh",     "-c",   "echo \"$A\" 'b' > /x; # no comment",
                                           "a\nb\tc",     "true", "null",
                                           "\\n \\x41 %", "1.0",  "*",
                                           "]}, {[",      "- x",  "\xE2\x82\xAC \xF0\x9F\x94\x92"};
    const std::string text = "deployments: { d: { command: " + yaml_list(hard) + " } }\ncertificates: []\n";
    const auto loaded = config::load_text(text, "t.yaml");
    REQUIRE(loaded);
    CHECK(loaded->deployments.at("d").command == hard);
}

TEST_CASE("A hook needs a shell unless it is a program with plain words") {
    struct row {
        std::string command;
        std::vector<std::string> argv;
    };
    const row table[] = {
        {"/usr/bin/x", {"/usr/bin/x"}},
        {"/usr/bin/x  --a=b c:d ", {"/usr/bin/x", "--a=b", "c:d"}},
        {"systemctl reload nginx", {"/bin/sh", "-c", "systemctl reload nginx"}},
        {"/bin/x $A", {"/bin/sh", "-c", "/bin/x $A"}},
        {"/bin/x; /bin/y", {"/bin/sh", "-c", "/bin/x; /bin/y"}},
        {"/bin/x '~'", {"/bin/sh", "-c", "/bin/x '~'"}},
        {"/bin/x *", {"/bin/sh", "-c", "/bin/x *"}},
        {"/bin/x\n/bin/y", {"/bin/sh", "-c", "/bin/x\n/bin/y"}},
    };
    for (const row& each : table) {
        INFO(each.command);
        CHECK(argv_of(each.command) == each.argv);
    }
    CHECK(section_name("Reload Nginx.sh", "x") == "reload-nginx.sh");
    CHECK(section_name("..", "x") == "x");
    CHECK(section_name("\xC3\xA4", "x") == "x");
}
