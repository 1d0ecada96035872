#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;

TEST_CASE("names that may go into a URL") {
    for (const std::string good :
         {"example.com", "_acme-challenge.a-b.xn--bcher-kva.example", "com", "1.2"}) {
        CAPTURE(good);
        CHECK(check_name(good).has_value());
    }
    for (const std::string& bad :
         {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
          std::string("A.b"), std::string("a/b"), std::string("a b"), std::string("*.a"), std::string("a?b"),
          std::string("a%2fb"), std::string("a\\b"), std::string("\xc3\xbc.de"), std::string("a\0b", 3),
          std::string(64, 'a'),
          std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a') + "." +
              std::string(63, 'a')}) {
        CAPTURE(bad);
        REQUIRE_FALSE(check_name(bad).has_value());
        CHECK(check_name(bad).error().code == errc::invalid_argument);
    }
    CHECK(check_value("letsencrypt.org; accounturi=https://x/1").has_value());
    for (const std::string& bad : {std::string(), std::string("a\nb"), std::string("\x7f"),
                                   std::string("\xc3\xbc"), std::string(2049, 'a')}) {
        CHECK_FALSE(check_value(bad).has_value());
    }
}

TEST_CASE("zones and names in them") {
    using list = std::vector<std::string>;
    CHECK(zone_candidates("_a.b.example.com", false) ==
          list{"_a.b.example.com", "b.example.com", "example.com"});
    CHECK(zone_candidates("a.corp", true) == list{"a.corp", "corp"});
    CHECK(zone_candidates("corp", false).empty());
    CHECK(relative_name("_a.b.example.com", "example.com") == "_a.b");
    CHECK(relative_name("example.com", "example.com") == "@");
    CHECK(lies_in("a.example.com", "example.com"));
    CHECK(lies_in("example.com", "example.com"));
    CHECK_FALSE(lies_in("aexample.com", "example.com"));
    CHECK_FALSE(lies_in("com", "example.com"));
}

TEST_CASE("TXT values, quoted and not") {
    CHECK(quote_txt("abc") == "\"abc\"");
    CHECK(quote_txt("a\"b\\c") == "\"a\\\"b\\\\c\"");
    const std::string longer(300, 'x');
    CHECK(quote_txt(longer) == "\"" + std::string(255, 'x') + "\" \"" + std::string(45, 'x') + "\"");
    for (const std::string& text :
         {std::string("abc"), std::string("a\"b\\c"), longer, std::string(255, '\\')}) {
        CHECK(same_txt(quote_txt(text), text));
        CHECK(same_txt(text, text));
    }
    CHECK(same_txt("\"a\" \"bc\"", "abc"));
    CHECK(same_txt("\"\\097bc\"", "abc"));
    for (const std::string other :
         {"\"abd\"", "\"abc", "abc\"", "\"abc\" x", "\"abc\\", "\"\\999\"", "", "\"\"", "\"ab\" c"}) {
        CAPTURE(other);
        CHECK_FALSE(same_txt(other, "abc"));
    }
    CHECK(any_same_txt({"\"x\"", "\"abc\""}, "abc"));
    CHECK_FALSE(any_same_txt({}, "abc"));
}

TEST_CASE("the words of failed answers") {
    CHECK(words_of(R"({"errors":[{"code":1004,"message":"DNS Validation Error"},"x",5]})") ==
          "1004: DNS Validation Error: x");
    CHECK(words_of(R"({"error":{"code":"forbidden","message":"no"}})") == "forbidden: no");
    CHECK(words_of(R"({"error":"bad_txt"})") == "bad_txt");
    CHECK(words_of(R"({"detail":"Not found."})") == "Not found.");
    CHECK(words_of(R"({"id":"not_found","message":"gone"})") == "not_found: gone");
    CHECK(words_of(R"({"other":1})") == R"({"other":1})");
    CHECK(words_of("[1]") == "[1]");
    CHECK(words_of(" <html> \n") == "<html>");
    CHECK(words_of("").empty());
    CHECK(words_of(std::string(100'000, 'x')).size() == 600);
    CHECK(words_of(R"({"message":")" + std::string(5000, 'x') + "\"}").size() == 600);
}

TEST_CASE("how long an answer asks to wait") {
    const auto now = parse_rfc3339("2026-11-22T16:00:00Z").value();
    const auto asked = [&](const std::string& value) {
        http_response answer;
        answer.headers.emplace_back("retry-after", value);
        return asked_to_wait(answer, now);
    };
    CHECK(asked("7") == milliseconds(7000));
    CHECK(asked(" 0 ") == milliseconds(0));
    CHECK(asked("99999999999999999999") == milliseconds(3'600'000));
    CHECK(asked("Sun, 22 Nov 2026 16:00:30 GMT") == milliseconds(30'000));
    CHECK(asked("Sun, 22 Nov 2026 15:00:00 GMT") == milliseconds(0));
    for (const std::string& bad :
         {std::string("-1"), std::string("1.5"), std::string("soon"), std::string(), std::string(100, '1')}) {
        CHECK_FALSE(asked(bad).has_value());
    }
    CHECK_FALSE(asked_to_wait(http_response(), now).has_value());
}

TEST_CASE("identifiers, endpoints and basic authentication") {
    for (const std::string good : {"023e105f4ecef8ad9ca31a8372d0c353", "example.com.", "a=2Fb"}) {
        CHECK(is_plain_id(good));
    }
    for (const std::string& bad :
         {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
          std::string("a?"), std::string("%2f"), std::string(301, 'a')}) {
        CHECK_FALSE(is_plain_id(bad));
    }
    CHECK(check_endpoint("https://a.example/v1//", false).value() == "https://a.example/v1");
    CHECK(check_endpoint("https://a.example", false).value() == "https://a.example");
    CHECK(is_plain_http("HTTP://x"));
    CHECK_FALSE(is_plain_http("https://x"));
    CHECK(basic_authorization("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}
