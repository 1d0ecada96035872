#include "core/dns/message.hpp"
#include "core/dns/query.hpp"
#include "tests/core/dns/packets.hpp"

using namespace evercert;
using namespace evercert::dns;
using testing::bytes;

TEST_CASE("A query is read with its case, and what its asker takes") {
    const auto read = parse_query(bytes("abcd 0110 0001 0000 0000 0001 03 'wWw' 01 'A' 00 0010 0001 00 0029 "
                                        "1000 00008000 0008 000a 0004 '1234'"));
    REQUIRE(read.what == verdict::good);
    CHECK(read.asked.id == 0xabcd);
    CHECK(read.asked.recursion_desired);
    CHECK(read.asked.checking_disabled);
    CHECK(read.asked.name == "www.a");
    CHECK(read.asked.name_wire == bytes("03 'wWw' 01 'A' 00"));
    CHECK(read.asked.asks_for(dns_type::txt));
    CHECK(read.asked.edns);
    CHECK(read.asked.payload == 4096);
    CHECK(read.asked.dnssec_ok);
    const auto plain = parse_query(bytes("abcd 0000 0001 0000 0000 0000 00 0002 0001"));
    REQUIRE(plain.what == verdict::good);
    CHECK(plain.asked.name.empty());
    CHECK_FALSE(plain.asked.edns);
    CHECK(plain.asked.payload == 512);
    const auto small =
        parse_query(bytes("abcd 0000 0001 0000 0000 0001 00 0002 0001 00 0029 0010 00000000 0000"));
    CHECK(small.asked.payload == 512);
}

TEST_CASE("Each odd query has its verdict") {
    const std::string question = "01 'a' 00 0010 0001";
    struct row {
        const char* what;
        std::string packet;
        verdict expected;
    };
    const std::vector<row> rows = {
        {"nothing", "", verdict::drop},
        {"eleven bytes", "abcd 0000 0001 0000 0000 00", verdict::drop},
        {"an answer", "abcd 8000 0001 0000 0000 0000" + question, verdict::drop},
        {"a header that asks nothing", "abcd 0000 0000 0000 0000 0000", verdict::format_error},
        {"an update", "abcd 2800 0001 0000 0000 0000" + question, verdict::not_implemented},
        {"a notify", "abcd 2000 0001 0000 0000 0000" + question, verdict::not_implemented},
        {"two questions", "abcd 0000 0002 0000 0000 0000" + question + question, verdict::format_error},
        {"an answer with it", "abcd 0000 0001 0001 0000 0000" + question + "00 0001 0001 00000000 0000",
         verdict::format_error},
        {"authority with it", "abcd 0000 0001 0000 0001 0000" + question + "00 0001 0001 00000000 0000",
         verdict::format_error},
        {"a pointer as name", "abcd 0000 0001 0000 0000 0000 c00c 0010 0001", verdict::format_error},
        {"a pointer in the name", "abcd 0000 0001 0000 0000 0000 01 'a' c00c 0010 0001",
         verdict::format_error},
        {"half a question", "abcd 0000 0001 0000 0000 0000 01 'a' 00 0010", verdict::format_error},
        {"bytes behind it", "abcd 0000 0001 0000 0000 0000" + question + "00", verdict::format_error},
        {"EDNS that is not there", "abcd 0000 0001 0000 0000 0001" + question, verdict::format_error},
        {"EDNS twice",
         "abcd 0000 0001 0000 0000 0002" + question + "00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000",
         verdict::format_error},
        {"EDNS 1", "abcd 0000 0001 0000 0000 0001" + question + "00 0029 04d0 00010000 0000",
         verdict::bad_version},
        {"an option beyond EDNS",
         "abcd 0000 0001 0000 0000 0001" + question + "00 0029 04d0 00000000 0005 000a 0004 00",
         verdict::format_error},
        {"half an option", "abcd 0000 0001 0000 0000 0001" + question + "00 0029 04d0 00000000 0003 000a 00",
         verdict::format_error},
        {"many records", "abcd 0000 0001 0000 0000 ffff" + question, verdict::format_error},
        {"class CH", "abcd 0000 0001 0000 0000 0000 07 'version' 04 'bind' 00 0010 0003", verdict::refused},
        {"a transfer", "abcd 0000 0001 0000 0000 0000 01 'a' 00 00fc 0001", verdict::refused},
        {"ANY", "abcd 0000 0001 0000 0000 0000 01 'a' 00 00ff 0001", verdict::good},
        {"TSIG", "abcd 0000 0001 0000 0000 0001" + question + "01 'k' 00 00fa 00ff 00000000 0000",
         verdict::good},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        const auto read = parse_query(bytes(r.packet));
        CHECK(read.what == r.expected);
        if (read.what == verdict::good || read.what == verdict::drop) {
            continue;
        }
        const auto refusal = make_refusal(read);
        const auto walked = walk_packet(refusal);
        REQUIRE(walked.has_value());
        CHECK(walked->id == 0xabcd);
        CHECK((walked->flags & flag::response) != 0);
        CHECK(walked->rcode() == static_cast<unsigned>(rcode_of(read.what)));
        CHECK(refusal.size() <= 512);
    }
}

TEST_CASE("A query cut or changed anywhere is a value or a verdict, and its refusal can be read") {
    const std::string whole = bytes("abcd 0110 0001 0000 0000 0001 03 'wWw' 01 'A' 00 0010 0001 00 0029 1000 "
                                    "00008000 0008 000a 0004 '1234'");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK(parse_query(std::string_view(whole).substr(0, size)).what != verdict::good);
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (int value = 0; value < 256; ++value) {
            std::string changed = whole;
            changed[i] = static_cast<char>(value);
            const auto read = parse_query(changed);
            if (read.what != verdict::drop && read.what != verdict::good) {
                REQUIRE(walk_packet(make_refusal(read)).has_value());
            }
        }
    }
}

TEST_CASE("A reply repeats the question as sent, with records that end where it does") {
    const auto read = parse_query(bytes("abcd 0100 0001 0000 0000 0001 0f '_Acme-Challenge' 03 'wWw' 01 'A' "
                                        "00 0010 0001 00 0029 04d0 00008000 0000"));
    REQUIRE(read.what == verdict::good);
    const auto txt = txt_record("_acme-challenge.www.a", 1, "value").value();
    const auto soa = soa_record("www.a", 5, "ns.www.a", "admin.www.a", zone_numbers()).value();
    const auto ns = ns_record("a", 5, "ns.b").value();
    const auto address = address_record("ns.b", 5, "2001:db8::5").value();
    reply what;
    what.answers = {&txt};
    what.authority = {&soa, &ns};
    what.additional = {&address};
    const auto packet = make_reply(read.asked, what, over::udp);
    CHECK(packet.substr(0, 12) == bytes("abcd 8500 0001 0001 0002 0002"));
    CHECK(packet.find(bytes("0f '_Acme-Challenge' 03 'wWw' 01 'A' 00 0010 0001 c00c 0010 0001 00000001 0006 "
                            "05 'value' c01c")) == 12);
    CHECK(packet.ends_with(bytes("00 0029 04d0 00008000 0000")));
    const auto got = parse_answer(packet);
    REQUIRE(got.has_value());
    CHECK(got->edns);
    CHECK(got->answer.authoritative);
    CHECK(got->answer.answers.at(0).value == "value");
    CHECK(got->answer.answers.at(0).name == "_acme-challenge.www.a");
    CHECK(got->answer.authority.at(0).name == "www.a");
    CHECK(got->answer.authority.at(0).value == "ns.www.a");
    CHECK(got->answer.authority.at(1).name == "a");
    CHECK(got->answer.additional.at(0).value == "2001:db8::5");
    CHECK(answers_to(bytes("abcd 0100 0001 0000 0000 0001 0f '_Acme-Challenge' 03 'wWw' 01 'A' 00 0010 0001"),
                     packet) == belongs::yes);
}

TEST_CASE("A pointer never leads between labels") {
    // The owner's bytes end like the question's, but not at a label: 03 "x\1a" 00 and 01 'a' 00.
    const auto read = parse_query(bytes("abcd 0000 0001 0000 0000 0000 03 'x' 01 'a' 00 0010 0001"));
    REQUIRE(read.what == verdict::good);
    const auto ns = ns_record("a", 5, "b").value();
    reply what;
    what.answers = {&ns};
    const auto got = parse_answer(make_reply(read.asked, what, over::udp));
    REQUIRE(got.has_value());
    CHECK(got->answer.answers.at(0).name == "a");
}

TEST_CASE("What does not fit is left out, and said to be") {
    const auto plain = parse_query(bytes("abcd 0000 0001 0000 0000 0000 01 'a' 00 0010 0001")).asked;
    const auto edns =
        parse_query(bytes("abcd 0000 0001 0000 0000 0001 01 'a' 00 0010 0001 00 0029 1000 00000000 0000"))
            .asked;
    std::vector<reply_record> many;
    for (int i = 0; i < 40; ++i) {
        many.push_back(txt_record("a", 1, std::string(43, static_cast<char>('a' + i % 26))).value());
    }
    const auto extra = address_record("b", 1, "192.0.2.1").value();
    reply what;
    for (const auto& r : many) {
        what.answers.push_back(&r);
    }
    what.additional = {&extra};
    const auto small = make_reply(plain, what, over::udp);
    CHECK(small.size() <= 512);
    CHECK(small.size() > 450);
    const auto larger = make_reply(edns, what, over::udp);
    CHECK(larger.size() <= 1232);
    CHECK(larger.size() > 1100);
    CHECK(parse_answer(larger).value().edns);
    for (const auto& packet : {small, larger}) {
        const auto got = parse_answer(packet);
        REQUIRE(got.has_value());
        CHECK(got->truncated);
        CHECK(got->answer.answers.size() < 40);
        CHECK(got->answer.additional.empty());
    }
    const auto whole = parse_answer(make_reply(plain, what, over::tcp));
    REQUIRE(whole.has_value());
    CHECK_FALSE(whole->truncated);
    CHECK(whole->answer.answers.size() == 40);
    CHECK(whole->answer.additional.size() == 1);

    reply just;
    just.answers.assign(what.answers.begin(), what.answers.begin() + 8);
    just.additional = {&extra};
    const auto fits = parse_answer(make_reply(plain, just, over::udp));
    CHECK_FALSE(fits.value().truncated);
    CHECK(fits.value().answer.answers.size() == 8);
}

TEST_CASE("Records that cannot be made are errors") {
    CHECK_FALSE(txt_record("a..b", 1, "x"));
    CHECK_FALSE(txt_record("a", 1, std::string(60001, 'x')));
    CHECK(txt_record("a", 1, "").value().data == bytes("00"));
    const auto longer = txt_record("a", 1, std::string(300, 'x')).value();
    CHECK(longer.data.size() == 302);
    CHECK(static_cast<unsigned char>(longer.data[0]) == 255);
    CHECK(longer.data[256] == 45);
    CHECK_FALSE(address_record("a", 1, "192.0.2"));
    CHECK_FALSE(address_record("a", 1, "2001:db8::g"));
    CHECK_FALSE(ns_record("a", 1, "b..c"));
    CHECK_FALSE(soa_record("a", 1, "b", "c..d", zone_numbers()));
    CHECK_FALSE(caa_record("a", 1, false, "", "x"));
    CHECK_FALSE(caa_record("a", 1, false, "a b", "x"));
    CHECK(caa_record("a", 1, true, "issue", "x").value().data == bytes("80 05 'issue' 'x'"));
}
