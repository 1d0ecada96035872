// Hostile JSON: every text here is refused with a clean error, quickly.
#include "core/json/value.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;

namespace {

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) {
        text += piece;
    }
    return text;
}

errc refusal(std::string_view text, std::size_t limit = 1024 * 1024) {
    const auto value = json::parse(text, limit);
    INFO(text.substr(0, 100));
    REQUIRE_FALSE(value.has_value());
    return value.error().code;
}

} // namespace

TEST_CASE("text that is not JSON is refused") {
    for (const std::string_view text : {"",
                                        " ",
                                        "{",
                                        "}",
                                        "[",
                                        "[1,]",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "{a:1}",
                                        "{'a':1}",
                                        "nul",
                                        "True",
                                        "NaN",
                                        "Infinity",
                                        "-",
                                        "01",
                                        "1.",
                                        ".5",
                                        "+1",
                                        "1e",
                                        "0x10",
                                        "\"",
                                        "\"a",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "{} {}",
                                        "1 2",
                                        "[1 2]",
                                        "{\"a\" 1}",
                                        "// c\n1",
                                        "/* c */1",
                                        "<html>503</html>",
                                        "\"tab\there\"",
                                        "\"line\nhere\"",
                                        "[}"}) {
        CHECK(refusal(text) == errc::parse);
    }
}

TEST_CASE("errors say where") {
    CHECK(json::parse("{\"a\": x}").error().message.find("offset 6") != std::string::npos);
}

TEST_CASE("invalid Unicode is refused") {
    for (const std::string_view text :
         {"\"\xff\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", R"("\ud800")",
          R"("\udc00")", R"("\ud800x")", R"("\ud800\u0041")", "{\"\xff\":1}", R"({"\udc00":1})"}) {
        CHECK(refusal(text) == errc::parse);
    }
}

TEST_CASE("NUL bytes do not hide what follows them") {
    CHECK(refusal(std::string_view("{}\0", 3)) == errc::parse);
    CHECK(refusal(std::string_view("{}\0garbage", 10)) == errc::parse);
    CHECK(refusal(std::string_view("\"a\0b\"", 5)) == errc::parse);
}

TEST_CASE("deep nesting is refused and uses no stack") {
    CHECK(refusal(repeated("[", 200'000)) == errc::parse);
    CHECK(refusal(repeated("{\"a\":", 150'000)) == errc::parse);
    CHECK(refusal(repeated("[", 200'000) + repeated("]", 200'000)) == errc::parse);
    CHECK(json::parse(repeated("[", 64) + repeated("]", 64)).has_value());
    CHECK(refusal(repeated("[", 65) + repeated("]", 65)) == errc::parse);
    CHECK(json::parse(repeated("[", 65)).error().message.find("deeper than 64") != std::string::npos);
    // Brackets in strings and side by side nest nothing.
    CHECK(json::parse("\"" + repeated("[", 1000) + "\"").has_value());
    CHECK(json::parse("[" + repeated("[],", 1000) + "[]]").has_value());
}

TEST_CASE("long and odd numbers are clean errors or values") {
    for (const std::string& number :
         {std::string("1e0000000000000000000000000000"), std::string("123456789012345678901234567e123"),
          std::string("1.23456789012345678901234567e12"), "0." + std::string(100'000, '1'),
          std::string("-0.0e-999"), std::string("1e-99999999999999999999999999999")}) {
        CAPTURE(number.substr(0, 50));
        const auto value = json::parse("{\"n\":" + number + "}");
        REQUIRE(value.has_value());
        CHECK(value->integer("n").error().code == errc::protocol);
        CHECK(value->integer("n").error().foreign.size() <= 100);
    }
    for (const std::string& number :
         {std::string("1e309"), std::string("1e99999999999999999999999999999"), std::string(500'000, '9')}) {
        const auto value = json::parse(number);
        CAPTURE(number.substr(0, 50));
        CHECK((!value.has_value() || !value->as_integer().has_value()));
    }
    // Every length near the ones that RapidJSON's buffers have.
    for (std::size_t size = 1; size < 600; ++size) {
        const auto value = json::parse("[" + std::string(size, '8') + ",\"after\"]");
        if (value.has_value()) {
            CHECK(value->elements().at(1).as_string().value() == "after");
            CHECK(value->elements().at(0).as_integer().has_value() == (size <= 19));
        } else {
            CHECK(size > 300);
        }
    }
}

TEST_CASE("a member given twice is refused") {
    CHECK(refusal(R"({"a":1,"a":2})") == errc::parse);
    CHECK(refusal(R"({"a":1,"b":2,"\u0061":3})") == errc::parse);
    CHECK(refusal(R"([{"x":{"a":1,"a":1}}])") == errc::parse);
    CHECK(json::parse(R"([{"a":1},{"a":1,"b":{"a":1}}])").has_value());
}

TEST_CASE("size limits hold") {
    CHECK(refusal("[1,2,3]", 6) == errc::too_large);
    CHECK(json::parse("[1,2,3]", 7).has_value());
    CHECK(refusal("\"" + std::string(1024 * 1024, 'a') + "\"") == errc::too_large);
    CHECK(json::parse("\"" + std::string(1024 * 1024 - 2, 'a') + "\"").has_value());
}

TEST_CASE("many small values and members are no trouble") {
    const auto list = json::parse("[" + repeated("1,", 500'000) + "1]");
    REQUIRE(list.has_value());
    CHECK(list->elements().size() == 500'001);
    std::string members = "{";
    for (int i = 0; i < 50'000; ++i) {
        members += "\"" + std::to_string(i) + "\":" + std::to_string(i) + ",";
    }
    const auto object = json::parse(members + "\"last\":1}");
    REQUIRE(object.has_value());
    CHECK(object->integer("49999").value() == 49999);
}

TEST_CASE("a byte order mark is not taken for JSON") {
    CHECK(refusal("\xEF\xBB\xBF{}") == errc::parse);
}
