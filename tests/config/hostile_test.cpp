// Files made to hurt: refused quickly, with one clear sentence. And large honest ones, which load.
#include "config/load.hpp"
#include "config/text_check.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <string>

using namespace evercert;
using namespace evercert::config;

namespace {

std::string repeat(std::string_view what, std::size_t times) {
    std::string out;
    out.reserve(what.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        out += what;
    }
    return out;
}

std::string first_mistake(const std::string& yaml) {
    const auto loaded = load_text(yaml, "f");
    REQUIRE(!loaded.has_value());
    REQUIRE(!loaded.error().empty());
    REQUIRE(loaded.error().size() <= 1001);
    return loaded.error().front().to_string();
}

} // namespace

TEST_CASE("a file of 10 MB is refused by its size") {
    CHECK(first_mistake(std::string(10'000'000, '#')) ==
          "f:1:1: the file has 10000000 bytes; at most 8388608 are read");
    CHECK(load_text("certificates: []\n" + std::string(max_file_size - 17, '#'), "f").has_value());
    CHECK(
        first_mistake("certificates: []\n" + std::string(max_file_size - 16, '#')).find("at most 8388608") !=
        std::string::npos);
}

TEST_CASE("deep nesting is refused whatever it is made of") {
    const std::size_t deep = 100'000;
    for (const std::string& yaml :
         {repeat("[", deep), repeat("{", deep), repeat("[a,", deep), repeat("{a: ", deep),
          "a: " + repeat("[\n", deep), repeat("- ", deep), repeat("? ", deep), repeat("[{", deep),
          repeat("[", 4'000'000), repeat("- ", 4'000'000), repeat("? ", 4'000'000), repeat("- - - -\n", 1)}) {
        CAPTURE(yaml.substr(0, 20));
        CAPTURE(yaml.size());
        const std::string text = first_mistake(yaml);
        CAPTURE(text);
        if (yaml.size() > 100) {
            CHECK(text.find("nested more than 32 levels deep") != std::string::npos);
        }
    }
    std::string steps;
    for (std::size_t i = 0; i < 2000; ++i) {
        steps += std::string(i, ' ') + "a:\n";
    }
    CHECK(first_mistake(steps).find("nested more than 32 levels deep") != std::string::npos);
    CHECK(first_mistake("certificates: []\nx: " + repeat("[", 31) + repeat("]", 31))
              .find("f:2:1: x: unknown key") == 0);
    CHECK(first_mistake("x: " + repeat("[", 32) + repeat("]", 32)).find("nested more than 32") !=
          std::string::npos);
}

TEST_CASE("brackets in comments and in quotes are no nesting") {
    CHECK(load_text("# " + repeat("[", 1000) + "\ncertificates: []\n", "f").has_value());
    CHECK(load_text("certificates: [] # " + repeat("{", 1000) + "\n", "f").has_value());
    const std::string in_quotes =
        "certificates: []\nissuers: {letsencrypt: {preferred_chain: \"" + repeat("[", 100) + "\"}}\n";
    CHECK(load_text(in_quotes, "f").has_value());
    CHECK(load_text("certificates: []\nissuers: {letsencrypt: {preferred_chain: 'it''s " + repeat("[", 100) +
                        "'}}\n",
                    "f")
              .has_value());
    CHECK(load_text("certificates: []\nissuers: {letsencrypt: {preferred_chain: \"a\\\"" + repeat("{", 100) +
                        "\"}}\n",
                    "f")
              .has_value());
}

TEST_CASE("plain words may hold quotes and brackets") {
    const std::string yaml =
        "certificates: []\nissuers:\n  letsencrypt:\n    preferred_chain: Bob's [\"Root\" X-'1 {\n"
        "  zerossl: {preferred_chain: it's Bob\"s}\n";
    const auto loaded = load_text(yaml, "f");
    REQUIRE(loaded.has_value());
    CHECK(loaded->issuers.at("letsencrypt").preferred_chain == "Bob's [\"Root\" X-'1 {");
    CHECK(loaded->issuers.at("zerossl").preferred_chain == "it's Bob\"s");
    CHECK(load_text("certificates: []\n" + repeat("# it's [\n", 1000), "f").has_value());
    CHECK(load_text("certificates: []\nemail: [ # it's\n 'a@b.example' ]\n", "f").has_value());
}

TEST_CASE("alias bombs are refused") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = fmt::format("*a{},", i - 1);
        bomb += fmt::format("a{}: &a{} [{}]\n", i, i, repeat(before, 9));
    }
    CHECK(first_mistake(bomb).find("more than 2000000 values, aliases written out") != std::string::npos);
    std::string tower = "a0: &a0 [x]\n";
    for (int i = 1; i < 100; ++i) {
        tower += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
    }
    CHECK(first_mistake(tower).find("nested more than 32 levels deep") != std::string::npos);
}

TEST_CASE("a file full of mistakes is cut to a thousand") {
    const auto loaded = load_text("certificates:\n" + repeat("- x\n", 100'000), "f");
    REQUIRE(!loaded.has_value());
    REQUIRE(loaded.error().size() == 1001);
    CHECK(loaded.error()[0].to_string().starts_with("f:2:3: certificates[0]: "));
    CHECK(loaded.error()[999].to_string().starts_with("f:1001:3: certificates[999]: "));
    CHECK(loaded.error().back().text == "and 99000 more mistakes after these");
}

TEST_CASE("large files of one shape end in mistakes, not in time or memory") {
    const std::size_t room = 200'000;
    for (const std::string& yaml :
         {repeat("a: 1\n", room / 5),
          "email: [" + repeat("x,", room / 2) + "]\n",
          repeat("&a ", room / 3),
          repeat("*a ", room / 3),
          repeat("!!", room / 2),
          repeat("\"", room),
          repeat("'", room),
          repeat(":", room),
          repeat("? a\n", room / 4),
          "|\n" + repeat(" x\n", room / 3),
          repeat("%A\n", room / 3),
          repeat("---\n", room / 4),
          std::string(room, 'a'),
          std::string(room, ' '),
          std::string(room, '\n'),
          repeat("a b ", room / 4) + ": c",
          "email: \"" + repeat("\\n", room / 2) + "\"\n",
          "email: " + repeat("[],", room / 3),
          repeat("{},", room / 3),
          "certificates: [{names: [" + repeat("a.b,", room / 4) + "]}]\n",
          "defaults: {deploy: [" + repeat("q,", room / 2) + "]}\n",
          "defaults: {issuers: [" + repeat("letsencrypt,", room / 12) + "]}\n",
          "defaults: {keys: [" + repeat("rsa-2048,", room / 9) + "]}\n",
          "certificates:\n" + repeat("- {}\n", room / 4),
          "certificates:\n" + repeat("- {names: []}\n", room / 8),
          "certificates:\n" + repeat("- {names: [a.b]}\n", room / 8),
          "certificates:\n" + repeat("- {name: a}\n", room / 8),
          "certificates:\n" + repeat("- {names: [a.b], keys: [ed25519]}\n", room / 8),
          "certificates:\n" + repeat("- {names: [a.b], issuers: [x]}\n", room / 8),
          repeat("[]: 1\n", room / 6)}) {
        CAPTURE(yaml.substr(0, 20));
        CHECK(!first_mistake(yaml).empty());
    }
}

TEST_CASE("a hundred thousand certificates load") {
    std::string yaml =
        "email: ops@example.com\nagree_to_terms: true\ndefaults: {deploy: [nginx]}\ncertificates:\n";
    for (int i = 0; i < 100'000; ++i) {
        yaml += fmt::format("- {{names: [customer-{0}.example.com, www.c-{0}.example.com]}}\n", i);
    }
    REQUIRE(yaml.size() < max_file_size);
    const auto loaded = load_text(yaml, "f");
    REQUIRE(loaded.has_value());
    REQUIRE(loaded->certificates.size() == 100'000);
    CHECK(loaded->certificates.back()->name == "customer-99999.example.com");
    CHECK(loaded->certificates.back()->policy->deploy == std::vector<std::string>{"nginx"});
}

TEST_CASE("two of many certificates with one name are found") {
    std::string yaml = "agree_to_terms: true\ncertificates:\n";
    for (int i = 0; i < 3000; ++i) {
        yaml += fmt::format("- {{names: [customer-{0}.example.com, www.c-{0}.example.com]}}\n", i);
    }
    yaml += "- {names: [customer-7.example.com]}\n";
    CHECK(first_mistake(yaml) ==
          "f:3003:11: certificates[3000].name: the certificate at line 10, column 11 is called "
          "\"customer-7.example.com\" too; give one of them another `name:`");
}
