#include "core/json/value.hpp"
#include "core/json/writer.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;

TEST_CASE("members come in the order written") {
    json::writer w;
    w.begin_object();
    w.member("z", "text")
        .member("a", std::string("string"))
        .member("n", std::int64_t{-5})
        .member_bool("b", true);
    w.member("list", std::vector<std::string>{"x", "y"}).key("nothing").null();
    w.key("array")
        .begin_array()
        .integer(1)
        .boolean(false)
        .string("s")
        .begin_object()
        .end_object()
        .end_array();
    w.key("raw").raw(R"({"already":"json"})");
    w.end_object();
    CHECK(w.text() == R"({"z":"text","a":"string","n":-5,"b":true,"list":["x","y"],"nothing":null,)"
                      R"("array":[1,false,"s",{}],"raw":{"already":"json"}})");
}

TEST_CASE("pretty text is the same JSON, indented by two") {
    json::writer w(true);
    w.begin_object().member("a", "b").member("l", std::vector<std::string>{"c"}).end_object();
    CHECK(w.text() == "{\n  \"a\": \"b\",\n  \"l\": [\n    \"c\"\n  ]\n}");
}

TEST_CASE("integers keep all their digits") {
    json::writer w;
    w.begin_array().integer(INT64_MAX).integer(INT64_MIN).integer(0).end_array();
    CHECK(w.text() == "[9223372036854775807,-9223372036854775808,0]");
}

TEST_CASE("what a string needs escaped is escaped") {
    json::writer w;
    w.begin_array().string("\"\\\n\t\x01" + std::string(1, '\0')).string("/").string("\x7F").end_array();
    CHECK(w.text() == R"(["\"\\\n\t\u0001\u0000","/",")"
                      "\x7F\"]");
}

TEST_CASE("text of any bytes gives valid JSON") {
    const auto written = [](std::string_view bytes) {
        json::writer w;
        w.begin_object().member(bytes, bytes).end_object();
        const auto read = json::parse(w.text());
        REQUIRE(read.has_value());
        CHECK(read->member_names().at(0) == read->string(read->member_names().at(0)).value());
        return read->member_names().at(0);
    };
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(written("plain \xC3\xBC \xF0\x9F\x98\x80") == "plain \xC3\xBC \xF0\x9F\x98\x80");
    CHECK(written("a\xFFz") == "a" + mark + "z");
    CHECK(written("\xC3") == mark);
    CHECK(written("\xC3z") == mark + "z");
    CHECK(written("\xE2\x82z") == mark + "z");
    CHECK(written("\xC0\xAF") == mark + mark);
    CHECK(written("\xED\xA0\x80") == mark + mark + mark);
    CHECK(written("\xF4\x90\x80\x80") == mark + mark + mark + mark);
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; second += 5) {
            const std::string bytes{static_cast<char>(first), static_cast<char>(second), 'z'};
            CHECK(written(bytes).ends_with('z'));
        }
    }
}
