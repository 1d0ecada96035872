#include "core/dns/message.hpp"
#include "tests/core/dns/packets.hpp"

#include <ldns/ldns.h>
#include <set>

using namespace evercert;
using namespace evercert::dns;
using testing::bytes;

namespace {

const std::string question_a = "01 'a' 00 0001 0001";

std::string answer(const std::string& records, unsigned count = 1) {
    std::string head = bytes("1234 8180 0001");
    put_u16(head, count);
    put_u32(head, 0);
    return head + bytes(question_a) + bytes(records);
}

} // namespace

TEST_CASE("A question says what is asked, and little that can be guessed") {
    const auto random = make_seeded_random(1);
    std::set<std::string> heads, names;
    for (int i = 0; i < 100; ++i) {
        const auto packet =
            make_question(dns_question("www.Example.com.", dns_type::txt), question_options(), *random);
        REQUIRE(packet.has_value());
        const auto walked = walk_packet(*packet);
        REQUIRE(walked.has_value());
        CHECK(walked->flags == (flag::recursion_desired | flag::authentic_data));
        REQUIRE(walked->edns.has_value());
        CHECK(walked->edns->record_class == 1232);
        wire_reader in(*packet, 12);
        const auto name = in.name();
        CHECK(name_to_text(name) == "www.example.com");
        CHECK(in.u16() == 16);
        CHECK(in.u16() == 1);
        heads.insert(packet->substr(0, 2));
        names.insert(name);
    }
    CHECK(heads.size() > 90);
    CHECK(names.size() > 90); // 13 letters

    const auto plain =
        make_question(dns_question("a", dns_type::a), question_options(false, false), *random).value();
    CHECK(plain.size() == 12 + 3 + 4);
    CHECK(walk_packet(plain)->flags == 0);
    CHECK(make_question(dns_question("a..b", dns_type::a), question_options(), *random).error().code ==
          errc::invalid_argument);
}

TEST_CASE("An answer belongs to a question only if all of it comes back") {
    const std::string asked = bytes("1234 0120 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0001");
    struct row {
        const char* what;
        std::string packet;
        belongs verdict;
    };
    const std::vector<row> rows = {
        {"the answer", "1234 8180 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0001", belongs::yes},
        {"another id", "1235 8180 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0001", belongs::no},
        {"the question itself", "1234 0120 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0001", belongs::no},
        {"other letters", "1234 8180 0001 0000 0000 0000 03 'www' 01 'a' 00 0010 0001", belongs::other_case},
        {"another name", "1234 8180 0001 0000 0000 0000 03 'wWv' 01 'a' 00 0010 0001", belongs::no},
        {"another type", "1234 8180 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0011 0001", belongs::no},
        {"another class", "1234 8180 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0003", belongs::no},
        {"another opcode", "1234 a980 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0001", belongs::no},
        {"two questions", "1234 8180 0002 0000 0000 0000 03 'wWw' 01 'a' 00 0010 0001", belongs::no},
        {"no question", "1234 8180 0000 0000 0000 0000", belongs::no},
        {"no question, SERVFAIL", "1234 8182 0000 0000 0000 0000", belongs::no},
        {"no question, FORMERR", "1234 8181 0000 0000 0000 0000", belongs::yes},
        {"no question, NOTIMP", "1234 8184 0000 0000 0000 0000", belongs::yes},
        {"cut within the question", "1234 8180 0001 0000 0000 0000 03 'wWw' 01 'a' 00 0010", belongs::no},
        {"a header", "1234 8180 0001 0000", belongs::no},
        {"two bytes", "1234", belongs::no},
        {"nothing", "", belongs::no},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        CHECK(answers_to(asked, bytes(r.packet)) == r.verdict);
    }
    CHECK(answers_to(bytes("1234 0120 0001"), bytes("1234 8180 0001 0000 0000 0000 01 'a' 00 0010 0001")) ==
          belongs::no); // not a question of ours
    // Type and class are compared as they are, even when their bytes look like letters.
    const std::string odd = bytes("1234 0120 0001 0000 0000 0000 01 'a' 00 4142 0001");
    CHECK(answers_to(odd, bytes("1234 8180 0001 0000 0000 0000 01 'a' 00 6162 0001")) == belongs::no);
}

TEST_CASE("Records of all types that are kept") {
    struct row {
        const char* what;
        std::string record;
        dns_record expected;
    };
    const auto make = [](std::string name, dns_type type, std::string value) {
        dns_record r;
        r.name = std::move(name);
        r.type = type;
        r.ttl = 60;
        r.value = std::move(value);
        return r;
    };
    auto caa = make("a", dns_type::caa, "ca.example; x=\"y\"");
    caa.caa_tag = "issue";
    caa.caa_critical = true;
    auto iodef = make("a", dns_type::caa, "");
    iodef.caa_tag = "iodef";
    const std::vector<row> rows = {
        {"A", "c00c 0001 0001 0000003c 0004 c0000201", make("a", dns_type::a, "192.0.2.1")},
        {"AAAA", "c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001",
         make("a", dns_type::aaaa, "2001:db8::1")},
        {"NS with a pointer", "c00c 0002 0001 0000003c 0006 03 'Ns1' c00c", make("a", dns_type::ns, "ns1.a")},
        {"CNAME", "01 'A' 00 0005 0001 0000003c 0003 01 'b' 00", make("a", dns_type::cname, "b")},
        {"SOA",
         "00 0006 0001 0000003c 001b c00c 02 'h' '.' c00c 00000001 00000002 00000003 00000004 00000005",
         make("", dns_type::soa, "a")},
        {"TXT of two strings", "c00c 0010 0001 0000003c 0007 03 'abc' 02 ff00",
         make("a", dns_type::txt, std::string("abc\xff\0", 5))},
        {"TXT of nothing", "c00c 0010 0001 0000003c 0001 00", make("a", dns_type::txt, "")},
        {"CAA", "c00c 0101 0001 0000003c 0018 80 05 'ISSUE' 'ca.example; x=\"y\"'", caa},
        {"CAA of nothing", "c00c 0101 0001 0000003c 0007 00 05 'iodef'", iodef},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        const auto read = parse_answer(answer(r.record));
        REQUIRE(read.has_value());
        REQUIRE(read->answer.answers.size() == 1);
        CHECK((read->answer.answers[0] == r.expected));
    }
    const auto old = parse_answer(answer("c00c 0001 0001 ffffffff 0004 c0000201"));
    CHECK(old.value().answer.answers.at(0).ttl == 0);
}

TEST_CASE("Other types and classes are left out, whatever is in them") {
    for (const auto* record : {"c00c 002e 0001 0000003c 0001 00", "c00c ff00 0001 0000003c 0000",
                               "c00c 0001 0003 0000003c 0002 0102", "c00c 0021 0001 0000003c 0003 010203"}) {
        INFO(record);
        const auto read = parse_answer(answer(record));
        REQUIRE(read.has_value());
        CHECK(read->answer.answers.empty());
    }
}

TEST_CASE("A record that is not what its type says is an error, not a guess") {
    for (const auto* record :
         {"c00c 0001 0001 0000003c 0003 c00002", "c00c 0001 0001 0000003c 0005 c000020101",
          "c00c 0001 0001 0000003c 0000", "c00c 001c 0001 0000003c 0004 c0000201",
          "c00c 0002 0001 0000003c 0000", "c00c 0002 0001 0000003c 0003 03 'ns'",
          "c00c 0002 0001 0000003c 0004 c00c 0000", "c00c 0005 0001 0000003c 0002 c023",
          "c00c 0010 0001 0000003c 0000", "c00c 0010 0001 0000003c 0002 05 'a'",
          "c00c 0006 0001 0000003c 0004 c00cc00c", "c00c 0101 0001 0000003c 0000",
          "c00c 0101 0001 0000003c 0002 0000", "c00c 0101 0001 0000003c 0003 0005 'a'"}) {
        INFO(record);
        const auto read = parse_answer(answer(record));
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == errc::protocol);
    }
    // A name that begins in its record and would end in the next one.
    CHECK_FALSE(
        parse_answer(answer("c00c 0002 0001 0000003c 0002 01 'x' c00c 0001 0001 0000003c 0004 c0000201", 2)));
}

TEST_CASE("Flags and the rcode's upper bits") {
    const auto read = parse_answer(bytes("1234 86a3 0000 0000 0000 0001 00 0029 04d0 01000000 0000"));
    REQUIRE(read.has_value());
    CHECK(read->truncated);
    CHECK(read->edns);
    CHECK(read->answer.authoritative);
    CHECK(read->answer.authenticated);
    CHECK(to_string(read->answer.code) == "rcode 19");
    CHECK_FALSE(parse_answer(bytes("1234 0003 0000 0000 0000 0000")));
    CHECK(to_string(dns_rcode::name_error) == "NXDOMAIN");
    CHECK(to_string(dns_type::aaaa) == "AAAA");
}

TEST_CASE("A packet cut or changed anywhere is a value or an error") {
    const std::string whole =
        answer("c00c 0006 0001 0000003c 001b c00c 02 'h' '.' c00c 0000000100000002000000030000000400000005"
               "c00c 0010 0001 0000003c 0004 03 'abc' c00c 0101 0001 0000003c 0008 00 05 'issue' 'x'",
               3);
    REQUIRE(parse_answer(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(parse_answer(std::string_view(whole).substr(0, size)).has_value());
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (const int value : {0, 1, 0x3f, 0x40, 0xc0, 0xff}) {
            std::string changed = whole;
            changed[i] = static_cast<char>(value);
            (void)parse_answer(changed);
        }
    }
}

TEST_CASE("What ldns writes is read, with its compression") {
    ldns_pkt* packet = nullptr;
    REQUIRE(ldns_pkt_query_new_frm_str(&packet, "www.example.com.", LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN,
                                       LDNS_QR | LDNS_AA) == LDNS_STATUS_OK);
    for (const auto* line :
         {"www.example.com. 60 IN TXT \"one\" \"two\"", "www.example.com. 60 IN CNAME other.example.com.",
          "example.com. 60 IN CAA 128 issue \"ca.example; a=b\"", "example.com. 60 IN NS ns1.example.com.",
          "example.com. 60 IN SOA ns1.example.com. admin.example.com. 1 2 3 4 5",
          "ns1.example.com. 60 IN AAAA 2001:db8::1", "example.com. 60 IN MX 10 mx.example.com."}) {
        ldns_rr* rr = nullptr;
        REQUIRE(ldns_rr_new_frm_str(&rr, line, 60, nullptr, nullptr) == LDNS_STATUS_OK);
        ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr);
    }
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    REQUIRE(ldns_pkt2wire(&wire, packet, &size) == LDNS_STATUS_OK);
    const std::string text(reinterpret_cast<const char*>(wire), size);
    ldns_pkt_free(packet);
    LDNS_FREE(wire);

    const auto read = parse_answer(text);
    REQUIRE(read.has_value());
    CHECK(read->answer.authoritative);
    const auto& a = read->answer.answers;
    REQUIRE(a.size() == 6);
    CHECK(a[0].value == "onetwo");
    CHECK(a[1].value == "other.example.com");
    CHECK(a[2].value == "ca.example; a=b");
    CHECK(a[2].caa_critical);
    CHECK(a[3].value == "ns1.example.com");
    CHECK(a[4].value == "ns1.example.com");
    CHECK(a[5].value == "2001:db8::1");
    CHECK(a[5].name == "ns1.example.com");
}
