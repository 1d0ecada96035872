#include "core/json/value.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <initializer_list>

using namespace evercert;

namespace {

// One member of each type, so that every getter meets every type but its own.
constexpr std::string_view one_of_each =
    R"({"text":"t","number":7,"flag":true,"object":{"a":1},"array":["x","y"],"nothing":null})";

const std::vector<std::string> all_members{"text", "number", "flag", "object", "array", "nothing", "missing"};

json::value parsed(std::string_view text) {
    auto value = json::parse(text);
    INFO(text);
    REQUIRE(value.has_value());
    return *value;
}

// `get(member)` must succeed for `fitting` only, with an error naming the member otherwise.
template <class Get>
void check_required(Get get, std::initializer_list<std::string_view> fitting) {
    for (const std::string& member : all_members) {
        CAPTURE(member);
        const auto got = get(member);
        const bool fits = std::ranges::find(fitting, member) != fitting.end();
        CHECK(got.has_value() == fits);
        if (!got) {
            CHECK(got.error().code == errc::protocol);
            CHECK(got.error().message.starts_with(member + ": "));
            CHECK((got.error().message == "missing: missing") == (member == "missing"));
        }
    }
}

// As above, but null and missing are fine and empty.
template <class Get, class Empty>
void check_optional(Get get, std::initializer_list<std::string_view> fitting, Empty empty) {
    for (const std::string& member : all_members) {
        CAPTURE(member);
        const auto got = get(member);
        const bool absent = member == "nothing" || member == "missing";
        const bool fits = std::ranges::find(fitting, member) != fitting.end();
        CHECK(got.has_value() == (absent || fits));
        if (got) {
            CHECK(empty(*got) == absent);
        } else {
            CHECK(got.error().code == errc::protocol);
            CHECK(got.error().message.starts_with(member + ": "));
        }
    }
}

constexpr auto no_value = [](const auto& maybe) { return !maybe.has_value(); };
constexpr auto no_elements = [](const auto& list) { return list.empty(); };

} // namespace

TEST_CASE("each required getter takes its own type only") {
    const json::value root = parsed(one_of_each);
    check_required([&](auto& m) { return root.string(m); }, {"text"});
    check_required([&](auto& m) { return root.integer(m); }, {"number"});
    check_required([&](auto& m) { return root.boolean(m); }, {"flag"});
    check_required([&](auto& m) { return root.object(m); }, {"object"});
    check_required([&](auto& m) { return root.array(m); }, {"array"});
    check_required([&](auto& m) { return root.strings(m); }, {"array"});
}

TEST_CASE("each optional getter takes its own type, null and nothing") {
    const json::value root = parsed(one_of_each);
    check_optional([&](auto& m) { return root.optional_string(m); }, {"text"}, no_value);
    check_optional([&](auto& m) { return root.optional_integer(m); }, {"number"}, no_value);
    check_optional([&](auto& m) { return root.optional_boolean(m); }, {"flag"}, no_value);
    check_optional([&](auto& m) { return root.optional_object(m); }, {"object"}, no_value);
    check_optional([&](auto& m) { return root.optional_array(m); }, {"array"}, no_elements);
    check_optional([&](auto& m) { return root.optional_strings(m); }, {"array"}, no_elements);
}

TEST_CASE("getters return what was written") {
    const json::value root = parsed(one_of_each);
    CHECK(root.string("text").value() == "t");
    CHECK(root.integer("number").value() == 7);
    CHECK(root.boolean("flag").value() == true);
    CHECK(root.object("object")->integer("a").value() == 1);
    CHECK(root.array("array")->at(1).as_string().value() == "y");
    CHECK(root.strings("array").value() == std::vector<std::string>{"x", "y"});
    CHECK(root.optional_string("text").value() == "t");
    CHECK(root.optional_integer("number").value() == 7);
    CHECK(root.optional_boolean("flag").value() == true);
    CHECK(root.optional_object("object").value()->integer("a").value() == 1);
    CHECK(root.optional_array("array")->size() == 2);
    CHECK(root.optional_strings("array").value() == std::vector<std::string>{"x", "y"});
    CHECK(root.member_names() ==
          std::vector<std::string>{"text", "number", "flag", "object", "array", "nothing"});
}

TEST_CASE("error messages say what was expected and what came") {
    const json::value root = parsed(R"({"status":null,"list":["a",1],"n":"5"})");
    CHECK(root.string("status").error().message == "status: a string was expected, got null");
    CHECK(root.string("newOrder").error().message == "newOrder: missing");
    CHECK(root.strings("list").error().message == "list[1]: a string was expected, got a number");
    CHECK(root.optional_strings("list").error().message == "list[1]: a string was expected, got a number");
    CHECK(root.integer("n").error().message == "n: a number was expected, got a string");
}

TEST_CASE("getters on something that is no object are errors") {
    for (const std::string_view text : {"[]", "\"x\"", "1", "null", "true", "[{\"a\":\"b\"}]"}) {
        const json::value root = parsed(text);
        CAPTURE(text);
        CHECK(root.string("a").error().code == errc::protocol);
        CHECK(root.optional_string("a").error().code == errc::protocol);
        CHECK(root.optional_integer("a").error().code == errc::protocol);
        CHECK(root.optional_strings("a").error().code == errc::protocol);
        CHECK(root.member_names().empty());
    }
}

TEST_CASE("type questions") {
    CHECK(parsed("{}").is_object());
    CHECK(parsed("[]").is_array());
    CHECK(parsed("\"\"").is_string());
    CHECK(parsed("null").is_null());
    CHECK(parsed("false").is_bool());
    CHECK(parsed("-1.5e3").is_number());
    CHECK_FALSE(parsed("1").is_string());
    CHECK_FALSE(parsed("\"1\"").is_number());
    CHECK_FALSE(parsed("null").is_bool());
    CHECK_FALSE(parsed("{}").is_array());
    CHECK(parsed("\"a\"").as_string().value() == "a");
    CHECK(parsed("1").as_string().error().code == errc::protocol);
    CHECK(parsed("\"1\"").as_integer().error().code == errc::protocol);
    CHECK(parsed("{}").elements().empty());
}

TEST_CASE("integers are exact or an error") {
    const auto integer = [](std::string_view digits) { return parsed(digits).as_integer(); };
    CHECK(integer("0").value() == 0);
    CHECK(integer("-0").value() == 0);
    CHECK(integer("9223372036854775807").value() == INT64_MAX);
    CHECK(integer("-9223372036854775808").value() == INT64_MIN);
    for (const std::string_view digits :
         {"9223372036854775808", "-9223372036854775809", "1.0", "1.5", "1e2", "1E2", "0e0", "-1.0",
          "99999999999999999999999999999999999999999999", "1e-9999999999999"}) {
        CAPTURE(digits);
        const auto number = integer(digits);
        REQUIRE_FALSE(number.has_value());
        CHECK(number.error().code == errc::protocol);
        CHECK(number.error().foreign == digits);
        const json::value root = parsed("{\"n\":" + std::string(digits) + "}");
        CHECK(root.integer("n").error().code == errc::protocol);
        CHECK(root.optional_integer("n").error().code == errc::protocol);
    }
}

TEST_CASE("nested values keep their document alive and apart") {
    std::vector<json::value> values;
    {
        const json::value root = parsed(R"([{"a":[1,[2,{"b":"deep"}],3]},{},[[],[]],"last"])");
        values = root.elements();
    }
    REQUIRE(values.size() == 4);
    const auto list = values[0].array("a").value();
    REQUIRE(list.size() == 3);
    CHECK(list[0].as_integer().value() == 1);
    CHECK(list[1].elements().at(1).string("b").value() == "deep");
    CHECK(list[2].as_integer().value() == 3);
    CHECK(values[1].is_object());
    CHECK(values[1].member_names().empty());
    CHECK(values[2].elements().size() == 2);
    CHECK(values[3].as_string().value() == "last");
}

TEST_CASE("strings are decoded") {
    CHECK(parsed(R"("a\"\\\/\b\f\n\r\tz")").as_string().value() == "a\"\\/\b\f\n\r\tz");
    CHECK(parsed(R"("\u00fc\u20ac\ud83d\ude00")").as_string().value() ==
          "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(parsed(R"("a\u0000b")").as_string().value() == std::string("a\0b", 3));
    CHECK(parsed(R"({"st\u0061tus":"x"})").string("status").value() == "x");
}
