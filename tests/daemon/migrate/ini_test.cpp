#include "daemon/migrate/ini.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::daemon;

TEST_CASE("A renewal configuration is read as certbot wrote it") {
    const auto read = parse_ini("# renew_before_expiry = 30 days\nversion = 2.1.0\n\n"
                                "# Options used in the renewal process\n[renewalparams]\n"
                                "account = f28e\npref_challs = dns-01,\nwebroot_path = /var/www, /srv/b\n"
                                "renew_hook = '''echo \"$RENEWED_LINEAGE\" 'x' >> /tmp/x'''\n"
                                "installer = None\nreuse_key = True\n[[webroot_map]]\na.example = /var/www\n"
                                "*.b.example=\"/srv/b, and c\"\n");
    REQUIRE(read);
    CHECK(read->text("version") == "2.1.0");
    const ini_section* const params = read->below("renewalparams");
    REQUIRE(params);
    CHECK(params->text("account") == "f28e");
    CHECK(params->texts("pref_challs") == std::vector<std::string>{"dns-01"});
    CHECK(params->texts("webroot_path") == std::vector<std::string>{"/var/www", "/srv/b"});
    CHECK(!params->text("webroot_path"));
    CHECK(params->text("renew_hook") == "echo \"$RENEWED_LINEAGE\" 'x' >> /tmp/x");
    CHECK(!params->text("installer"));
    CHECK(params->flag("reuse_key"));
    REQUIRE(params->below("webroot_map"));
    CHECK(params->below("webroot_map")->text("a.example") == "/var/www");
    CHECK(params->below("webroot_map")->text("*.b.example") == "/srv/b, and c");
    CHECK(!params->below("nothing"));
}

TEST_CASE("Every way of writing a value") {
    struct row {
        std::string text;
        std::vector<std::string> items;
        bool is_list;
    };
    const row table[] = {
        {"k = v", {"v"}, false},
        {"k=v", {"v"}, false},
        {"  k \t=  v w  ", {"v w"}, false},
        {"k = v # comment", {"v"}, false},
        {"k = v#comment", {"v"}, false},
        {"k = 'v # no comment'", {"v # no comment"}, false},
        {"k = \"v's\" # comment", {"v's"}, false},
        {"'k' = v", {"v"}, false},
        {"\"k\" = v", {"v"}, false},
        {"k = a = b", {"a = b"}, false},
        {"k = a,", {"a"}, true},
        {"k = ,", {}, true},
        {"k =", {}, false},
        {"k = # nothing", {}, false},
        {"k = a, \"b, c\" , 'd'", {"a", "b, c", "d"}, true},
        {"k = ''", {""}, false},
        {"k = say \"it\"", {"say \"it\""}, false},
        {"k = '''one\ntwo'''", {"one\ntwo"}, false},
        {"k = \"\"\"a \"b\" 'c'\"\"\" # comment", {"a \"b\" 'c'"}, false},
        {"\xEF\xBB\xBFk = v\r\n", {"v"}, false},
        {"\r\n\r\nk = v\r\n# end", {"v"}, false},
        {"j = 1\rk = v\r", {"v"}, false},
        {"k = grün", {"grün"}, false},
    };
    for (const row& each : table) {
        INFO(each.text);
        const auto read = parse_ini(each.text);
        REQUIRE(read);
        REQUIRE(read->values.contains("k"));
        CHECK(read->values.at("k") == ini_value{each.items, each.is_list});
    }
    CHECK(parse_ini("")->values.empty());
}

TEST_CASE("What ConfigObj would not read is refused with its line") {
    struct row {
        std::string text;
        std::string where;
    };
    const row table[] = {
        {"k = v\nnonsense\n", "line 2"},
        {"= v\n", "line 1"},
        {"k = 'v\n", "line 1: the quote"},
        {"k = '''v\nw\n", "never closed"},
        {"k = '''v''' w\n", "line 1"},
        {"k = \"a\" b\n", "line 1"},
        {"k = 1\nk = 2\n", "line 2: this key"},
        {"[a]\n[a]\n", "line 2: there are two"},
        {"[a\n", "line 1"},
        {"[a]]\n", "line 1"},
        {"[]\n", "line 1"},
        {"[[a]]\n", "line 1: the section is nested"},
        {"[a]\n[[b]]\n[[[c]]]\n[[[[d]]]]\n[[[[[e]]]]]\n", "line 5"},
        {"[a] b\n", "line 1"},
        {"k = \xFF\n", "UTF-8"},
        {std::string("k = a\0b\n", 8), "line 1: a control"},
        {"k = \x1b[31m\n", "line 1: a control"},
        {std::string(30'000, '\n'), "too many lines"},
    };
    for (const row& each : table) {
        INFO(each.text.substr(0, 60));
        const auto read = parse_ini(each.text);
        REQUIRE(!read);
        CHECK(read.error().code == errc::parse);
        CHECK(read.error().message.find(each.where) != std::string::npos);
    }
}

TEST_CASE("Any bytes are a value or an error") {
    const std::string whole = "\xEF\xBB\xBFk = 'a', \"b\" # c\n[s]\n[[t]]\nl = '''x\ny'''\n\"q\" = ,\r\n";
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char put : {'\'', '"', '[', ']', '=', ',', '#', '\n', '\r', '\0', '\x80', ' '}) {
            std::string spoiled = whole;
            spoiled[at] = put;
            for (const std::string& text : {spoiled, spoiled.substr(0, at + 1), spoiled.substr(at)}) {
                const auto read = parse_ini(text);
                CHECK((read || read.error().code == errc::parse));
                const auto options = parse_cli_ini(text);
                CHECK((options || options.error().code == errc::parse));
            }
        }
    }
}

TEST_CASE("cli.ini has options as on the command line") {
    const auto read =
        parse_cli_ini("# all\n; of it\n[section]\nemail = a@x.example, b@x.example\nrsa-key-size: 4096\n"
                      "--deploy-hook = \"systemctl reload nginx\"\nno-directory-hooks\n"
                      "preferred-chain = ISRG Root X1 # the old one\nemail = c@x.example\n");
    REQUIRE(read);
    CHECK(*read == std::map<std::string, std::string, std::less<>>{{"email", "c@x.example"},
                                                                   {"rsa_key_size", "4096"},
                                                                   {"deploy_hook", "systemctl reload nginx"},
                                                                   {"no_directory_hooks", "true"},
                                                                   {"preferred_chain", "ISRG Root X1"}});
    CHECK(!parse_cli_ini("a = \x01\n"));
}
