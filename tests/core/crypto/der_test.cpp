#include "core/crypto/der.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_crl.hpp"

using namespace evercert;
using namespace evercert::testing;
namespace der = evercert::crypto::der;

TEST_CASE("DER elements come one after the other, as views") {
    for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
        CAPTURE(size);
        const std::string content(size, 'x');
        const std::string text = tlv(0x04, content) + tlv(0x30, "");
        der::reader reader(text);
        CHECK_FALSE(reader.next(der::sequence).has_value()); // and no step was made
        const auto first = reader.next(der::octet_string);
        REQUIRE(first.has_value());
        CHECK(first->content == content);
        CHECK(first->whole.data() == text.data());
        CHECK(first->whole.size() == text.size() - 2);
        CHECK(reader.at(der::sequence));
        CHECK(reader.next()->content.empty());
        CHECK(reader.at_end());
        CHECK_FALSE(reader.next().has_value());
    }
}

TEST_CASE("what is not DER is no element") {
    const std::vector<std::string> bad = {
        "",
        "\x04",
        std::string("\x04\x01", 2),                             // reaches beyond the end
        std::string("\x30\x80\x00\x00", 4),                     // indefinite
        std::string("\x04\x81\x7F", 3) + std::string(127, 'x'), // longer form than needed
        std::string("\x04\x82\x00\x80", 4) + std::string(128, 'x'),
        std::string("\x04\x85\x01\x00\x00\x00\x00", 7),
        std::string("\x04\x84\xFF\xFF\xFF\xFF", 6),
        std::string("\x04\x81", 2),
        std::string("\x1F\x01\x00", 3), // a tag of two octets
        std::string("\xBF\x1F\x00", 3),
    };
    for (const std::string& text : bad) {
        CAPTURE(text);
        CHECK_FALSE(der::reader(text).next().has_value());
    }
}

TEST_CASE("times are read in the two forms that certificates may have, and in no other") {
    const auto read = [](unsigned char type, std::string_view text) {
        der::element from;
        from.type = type;
        from.content = text;
        return der::read_time(from);
    };
    CHECK(read(der::utc_time, "261121030405Z") == november(21, 3) + std::chrono::minutes(4) + seconds(5));
    CHECK(read(der::utc_time, "500101000000Z") == std::chrono::sys_days(std::chrono::year(1950) / 1 / 1));
    CHECK(read(der::utc_time, "491231235959Z") ==
          std::chrono::sys_days(std::chrono::year(2050) / 1 / 1) - seconds(1));
    CHECK(read(der::generalized_time, "20261121030405Z") ==
          november(21, 3) + std::chrono::minutes(4) + seconds(5));
    CHECK(read(der::generalized_time, "99991231235959Z").has_value());
    CHECK(read(der::utc_time, "280229000000Z").has_value());
    for (const auto* text :
         {"", "Z", "2611210304Z", "261121030405", "261121030405+0000", "261121030405z", "261321030405Z",
          "260021030405Z", "260229030405Z", "261100030405Z", "261121240000Z", "261121036000Z",
          "261121030460Z", "26112103040 Z", "-61121030405Z", "20261121030405Z", "261121030405.5Z"}) {
        CAPTURE(text);
        CHECK_FALSE(read(der::utc_time, text).has_value());
    }
    for (const auto* text :
         {"", "261121030405Z", "20261121030405", "20261121030405.1Z", "202611210304Z", "20261131030405Z"}) {
        CAPTURE(text);
        CHECK_FALSE(read(der::generalized_time, text).has_value());
    }
    CHECK_FALSE(read(der::octet_string, "261121030405Z").has_value());
}

TEST_CASE("integers have one shortest form") {
    const auto octets = [](std::initializer_list<int> list) { return std::string(list.begin(), list.end()); };
    for (const auto& good : {octets({0}), octets({0x7F}), octets({0, 0x80}), octets({0xFF}),
                             octets({0xFF, 0x7F}), octets({0x80, 0})}) {
        CHECK(der::shortest_integer(good));
    }
    for (const auto& bad : {octets({}), octets({0, 0}), octets({0, 0x7F}), octets({0xFF, 0x80})}) {
        CHECK_FALSE(der::shortest_integer(bad));
    }
}
