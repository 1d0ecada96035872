#include "core/dns/packet.hpp"
#include "core/dns/wire.hpp"
#include "tests/core/dns/packets.hpp"

using namespace evercert;
using namespace evercert::dns;
using testing::bytes;

TEST_CASE("Names go to the wire and back, whatever their bytes are") {
    struct row {
        std::string text, wire, back;
    };
    const std::vector<row> rows = {
        {"", "00", ""},
        {".", "00", ""},
        {"example.com", "07 'example' 03 'com' 00", "example.com"},
        {"Example.COM.", "07 'Example' 03 'COM' 00", "example.com"},
        {"_acme-challenge.a", "0f '_acme-challenge' 01 'a' 00", "_acme-challenge.a"},
        {"*.a", "01 '*' 01 'a' 00", "*.a"},
        {"a\\.b.c", "03 'a.b' 01 'c' 00", "a\\046b.c"},
        {"a\\027[2J.c", "05 'a' 1b '[2J' 01 'c' 00", "a\\027\\0912j.c"},
        {"\\255\\000.x", "02 ff 00 01 'x' 00", "\\255\\000.x"},
        {"a b\\\\", "04 'a b' 5c 00", "a\\032b\\092"},
        {std::string(63, 'a'), "3f '" + std::string(63, 'a') + "' 00", std::string(63, 'a')},
    };
    for (const auto& r : rows) {
        INFO(r.text);
        const auto wire = name_to_wire(r.text);
        REQUIRE(wire.has_value());
        CHECK(*wire == bytes(r.wire));
        CHECK(name_to_text(*wire) == r.back);
        CHECK(name_to_wire(r.back).value() == lower_name(*wire));
    }
}

TEST_CASE("What is no name is refused with the reason") {
    std::string longest;
    for (int i = 0; i < 127; ++i) {
        longest += "a.";
    }
    CHECK(name_to_wire(longest).value().size() == 255);
    for (const auto& text : std::vector<std::string>{"..", ".a", "a..b", "a\\", "a\\1", "a\\12", "a\\256",
                                                     "a\\1x2", std::string(64, 'a'), longest + "a"}) {
        INFO(text);
        const auto wire = name_to_wire(text);
        REQUIRE_FALSE(wire.has_value());
        CHECK(wire.error().code == errc::invalid_argument);
    }
}

TEST_CASE("A name is read only where it is one") {
    const std::string head(12, '\0');
    struct row {
        const char* what;
        std::string rest;
        std::size_t at;
        std::string name; // empty: refused
    };
    const std::vector<row> rows = {
        {"plain", "01 'a' 00", 12, "01 'a' 00"},
        {"root", "00", 12, "00"},
        {"a pointer back", "01 'a' 00 01 'b' c0 0c", 15, "01 'b' 01 'a' 00"},
        {"a pointer to a pointer", "01 'a' 00 c0 0c c0 0f", 17, "01 'a' 00"},
        {"to itself", "c0 0c", 12, ""},
        {"to each other", "c0 0e c0 0c", 14, ""},
        {"forward", "c0 0e 01 'a' 00", 12, ""},
        {"into the header", "c0 00", 12, ""},
        {"a loop through labels", "01 'a' 01 'b' c0 0c", 14, ""},
        {"beyond the end", "c3 ff", 12, ""},
        {"half a pointer", "c0", 12, ""},
        {"a label beyond the end", "05 'abc'", 12, ""},
        {"no end", "01 'a'", 12, ""},
        {"nothing", "", 12, ""},
        {"the 0x40 kind", "41 'a' 00", 12, ""},
        {"the 0x80 kind", "81 'a' 00", 12, ""},
        {"behind the packet", "00", 99, ""},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        const std::string packet = head + bytes(r.rest);
        wire_reader in(packet, r.at);
        const auto name = in.name();
        CHECK(in.good() == !r.name.empty());
        CHECK(name == bytes(r.name));
    }
    const std::string pointed = head + bytes("01 'a' 00 c0 0c 'xy'");
    wire_reader in(pointed, 15);
    CHECK(in.name() == bytes("01 'a' 00"));
    CHECK(in.at() == 17); // behind the pointer, not behind what it points to
    wire_reader strict(pointed, 15);
    CHECK(strict.name(false).empty());
    CHECK_FALSE(strict.good());
}

TEST_CASE("Long names and long chains of pointers end") {
    std::string packet(12, '\0');
    for (int i = 0; i < 5; ++i) {
        packet += bytes("3f '" + std::string(63, 'x') + "'");
    }
    packet.push_back('\0');
    wire_reader in(packet, 12);
    CHECK(in.name().empty());
    CHECK_FALSE(in.good());

    std::string chain(12, '\0');
    chain += bytes("01 'a' 00");
    unsigned last = 12;
    for (int i = 0; i < 4000; ++i) {
        const auto here = static_cast<unsigned>(chain.size());
        put_u16(chain, 0xC000U | last);
        last = here;
    }
    wire_reader far(chain, chain.size() - 2);
    CHECK(far.name().empty());
    wire_reader near(chain, 15 + 2 * 100);
    CHECK(near.name() == bytes("01 'a' 00"));
}

TEST_CASE("After the first failure a reader gives nothing more") {
    const std::string packet = bytes("01 02 03");
    wire_reader in(packet);
    CHECK(in.u16() == 0x0102);
    CHECK(in.u16() == 0);
    CHECK_FALSE(in.good());
    CHECK(in.u8() == 0);
    CHECK(in.take(0).empty());
    CHECK(in.name().empty());
    wire_reader wide(packet);
    CHECK(wide.u32() == 0);
    CHECK_FALSE(wide.good());
}

TEST_CASE("A packet whose numbers lie is found out") {
    const std::string question = "01 'a' 00 0001 0001";
    const std::string record = "00 0001 0001 00000000 0004 01020304";
    struct row {
        const char* what;
        std::string packet;
        bool good;
    };
    const std::vector<row> rows = {
        {"whole", "1234 8000 0001 0001 0000 0000" + question + record, true},
        {"nothing", "", false},
        {"eleven bytes", "1234 8000 0001 0001 0000 00", false},
        {"a question that is not there", "1234 8000 0001 0000 0000 0000", false},
        {"half a question", "1234 8000 0001 0000 0000 0000 01 'a' 00 0001", false},
        {"a record that is not there", "1234 8000 0001 0002 0000 0000" + question + record, false},
        {"65535 records", "1234 8000 0001 ffff ffff ffff" + question + record, false},
        {"65535 questions", "1234 8000 ffff 0000 0000 0000" + question, false},
        {"data beyond the end", "1234 8000 0001 0001 0000 0000" + question + "00 0001 0001 00000000 ffff 01",
         false},
        {"half a head", "1234 8000 0001 0001 0000 0000" + question + "00 0001 0001 0000", false},
        {"EDNS", "1234 8000 0001 0000 0000 0001" + question + "00 0029 04d0 00000000 0000", true},
        {"EDNS twice",
         "1234 8000 0001 0000 0000 0002" + question + "00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000",
         false},
        {"EDNS of a name", "1234 8000 0001 0000 0000 0001" + question + "01 'a' 00 0029 04d0 00000000 0000",
         false},
        {"TSIG last",
         "1234 8000 0001 0000 0000 0002" + question + "00 0029 04d0 00000000 0000 00 00fa 00ff 00000000 0000",
         true},
        {"TSIG not last",
         "1234 8000 0001 0000 0000 0002" + question + "00 00fa 00ff 00000000 0000 00 0029 04d0 00000000 0000",
         false},
        {"TSIG twice",
         "1234 8000 0001 0000 0000 0002" + question + "00 00fa 00ff 00000000 0000 00 00fa 00ff 00000000 0000",
         false},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        const auto packet = walk_packet(bytes(r.packet));
        CHECK(packet.has_value() == r.good);
        if (!packet) {
            CHECK(packet.error().code == errc::protocol);
        }
    }
    const auto edns = walk_packet(bytes("1234 8003 0000 0000 0000 0001 00 0029 04d0 01000000 0000"));
    CHECK(edns.value().rcode() == 19);
}
