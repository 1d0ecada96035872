// CRLs that the right issuer has signed and that are wrong all the same: a CA's software makes mistakes too.
#include "core/crypto/crl.hpp"
#include "core/crypto/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_crl.hpp"

using namespace evercert;
using namespace evercert::testing;
using crypto::crl;

namespace {

const authority& ca() {
    static const authority made = authority::make_root("Test Issuing");
    return made;
}

/// The fields of a TBSCertList; each test changes one.
struct fields {
    std::string version = tlv(0x02, "\x01");
    std::string algorithm = ecdsa_sha256();
    std::string this_update = tlv(0x17, "261120000000Z");
    std::string next_update = tlv(0x17, "261129000000Z");
    std::string entries = tlv(0x30, tlv(0x30, tlv(0x02, "\x10\x01") + tlv(0x17, "261119000000Z")));
    std::string extensions;
    std::string more;
};

result<crl> read(const fields& f) {
    const std::string signed_part = tlv(0x30, f.version + f.algorithm + name_of(ca()) + f.this_update +
                                                  f.next_update + f.entries + f.extensions + f.more);
    return crl::parse(sign_crl(ca(), signed_part), ca().own());
}

std::string extension(std::string_view id, std::string_view value, std::string_view critical = {}) {
    return tlv(0x30, tlv(0x06, id) + (critical.empty() ? "" : tlv(0x01, critical)) + tlv(0x04, value));
}

fields with_extensions(const std::string& all) {
    fields f;
    f.extensions = tlv(0xA0, tlv(0x30, all));
    return f;
}

fields with_entry(const std::string& content) {
    fields f;
    f.entries = tlv(0x30, tlv(0x30, content));
    return f;
}

fields with_entry_extensions(const std::string& all) {
    return with_entry(tlv(0x02, "\x10\x01") + tlv(0x17, "261119000000Z") + tlv(0x30, all));
}

const std::string yes = "\xFF";
const std::string number_id = "\x55\x1D\x14";
const std::string reason_id = "\x55\x1D\x15";
const std::string invalidity_id = "\x55\x1D\x18";
const std::string delta_id = "\x55\x1D\x1B";
const std::string point_id = "\x55\x1D\x1C";
const std::string certificate_issuer_id = "\x55\x1D\x1D";
const std::string authority_key_id = "\x55\x1D\x23";
const std::string unknown_id = "\x55\x1D\x63";

} // namespace

TEST_CASE("hand-made CRLs without a fault are read") {
    CHECK(read({}).value().find("1001")->when == november(19));
    fields f;
    f.version.clear(); // v1, as OpenSSL's command makes them unless told otherwise
    CHECK(read(f).value().find("1001").has_value());
    f = {};
    f.next_update.clear();
    CHECK_FALSE(read(f).value().next_update().has_value());
    f = {};
    f.entries.clear();
    CHECK(read(f).value().size() == 0);
    f.entries = tlv(0x30, "");
    CHECK(read(f).value().size() == 0);
    f.this_update = tlv(0x18, "20261120000000Z");
    CHECK(read(f).value().this_update() == november(20));
    const fields known = with_extensions(extension(unknown_id, "x") + extension(authority_key_id, "x", yes) +
                                         extension(number_id, tlv(0x02, "\x05"), yes));
    CHECK(read(known).value().number() == "05");
    const fields entry =
        with_entry_extensions(extension(reason_id, tlv(0x0A, "\x04")) + extension(unknown_id, "x") +
                              extension(invalidity_id, tlv(0x18, "20261119000000Z"), yes));
    CHECK(read(entry).value().find("1001")->reason == 4);
    const std::string url =
        tlv(0xA0, tlv(0xA0, tlv(0x86, "http://a/1") + tlv(0x82, "a") + tlv(0x86, "http://b/1")));
    const fields mirrors = with_extensions(
        extension(point_id, tlv(0x30, url + tlv(0x81, yes) + tlv(0x82, std::string(1, '\0'))), yes));
    CHECK(read(mirrors).value().covers("http://a/1"));
    CHECK(read(mirrors).value().covers("http://b/1"));
    CHECK_FALSE(read(mirrors).value().covers("a"));
    const fields relative = with_extensions(extension(point_id, tlv(0x30, tlv(0xA0, tlv(0xA1, "x")))));
    CHECK_FALSE(read(relative).value().covers("http://a/1"));
}

TEST_CASE("dates before 1970 and after 2106 are cut to what is kept") {
    CHECK(read(with_entry(tlv(0x02, "\x07") + tlv(0x17, "600101000000Z"))).value().find("07")->when ==
          wall_time());
    CHECK(read(with_entry(tlv(0x02, "\x07") + tlv(0x18, "99991231235959Z"))).value().find("07")->when ==
          wall_time(seconds(0xFFFFFFFF)));
}

TEST_CASE("a CRL that is signed but malformed is refused as a whole") {
    struct row {
        std::string what;
        fields made;
        errc code = errc::parse;
    };
    std::vector<row> rows;
    const auto add = [&rows](std::string what, fields made, errc code = errc::parse) {
        rows.push_back({std::move(what), std::move(made), code});
    };
    const auto change = [&add](std::string what, std::string fields::* which, std::string value,
                               errc code = errc::parse) {
        fields f;
        f.*which = std::move(value);
        add(std::move(what), std::move(f), code);
    };
    change("version 1, which is not written", &fields::version, tlv(0x02, std::string(1, '\0')),
           errc::refused);
    change("version 3", &fields::version, tlv(0x02, "\x02"), errc::refused);
    change("another algorithm inside", &fields::algorithm,
           tlv(0x30, tlv(0x06, "\x2A\x86\x48\xCE\x3D\x04\x03\x03")));
    change("no algorithm inside", &fields::algorithm, "");
    change("no dates", &fields::this_update, "");
    rows.back().made.next_update.clear();
    change("thisUpdate without seconds", &fields::this_update, tlv(0x17, "2611200000Z"));
    change("thisUpdate is a number", &fields::this_update, tlv(0x02, "\x05"));
    change("nextUpdate on no day", &fields::next_update, tlv(0x17, "260230000000Z"));
    change("something after the list", &fields::more, tlv(0x04, "x"));
    change("half an element after the list", &fields::more, "\x30");
    change("an entry that is no sequence", &fields::entries, tlv(0x30, tlv(0x31, "")));
    change("half an entry", &fields::entries, tlv(0x30, "\x30\x05"));
    change("extensions without a list", &fields::extensions, tlv(0xA0, ""));
    change("two lists of extensions", &fields::extensions, tlv(0xA0, tlv(0x30, "") + tlv(0x30, "")));
    const std::string when = tlv(0x17, "261119000000Z");
    add("an empty entry", with_entry(""));
    add("an entry without a date", with_entry(tlv(0x02, "\x05")));
    add("an entry with a date that is none", with_entry(tlv(0x02, "\x05") + tlv(0x17, "x")));
    add("an empty serial number", with_entry(tlv(0x02, "") + when));
    add("a serial number with a needless zero", with_entry(tlv(0x02, std::string("\0\x05", 2)) + when));
    add("something after an entry", with_entry(tlv(0x02, "\x05") + when + tlv(0x30, "") + tlv(0x04, "")));
    add("a critical extension of an entry", with_entry_extensions(extension(unknown_id, "x", yes)),
        errc::refused);
    add("an entry of another issuer", with_entry_extensions(extension(certificate_issuer_id, "x", yes)),
        errc::refused);
    add("a reason that is no ENUMERATED", with_entry_extensions(extension(reason_id, tlv(0x02, "\x01"))));
    add("an empty reason", with_entry_extensions(extension(reason_id, tlv(0x0A, ""))));
    add("two reasons", with_entry_extensions(extension(reason_id, tlv(0x0A, "\x01")) +
                                             extension(reason_id, tlv(0x0A, "\x08"))));
    add("a critical extension", with_extensions(extension(unknown_id, "x", yes)), errc::refused);
    add("critical, but not as DER says it", with_extensions(extension(unknown_id, "x", "\x01")),
        errc::refused);
    add("a flag of two octets", with_extensions(extension(unknown_id, "x", "\xFF\xFF")));
    add("an extension without a value", with_extensions(tlv(0x30, tlv(0x06, unknown_id))));
    add("an extension twice", with_extensions(extension(unknown_id, "x") + extension(unknown_id, "y")));
    add("a delta", with_extensions(extension(delta_id, tlv(0x02, "\x01"), yes)), errc::refused);
    add("a delta that does not insist", with_extensions(extension(delta_id, tlv(0x02, "\x01"))),
        errc::refused);
    add("a number that is none", with_extensions(extension(number_id, "x")));
    add("a number too long", with_extensions(extension(number_id, tlv(0x02, std::string(22, '\x11')))));
    add("a distribution point that is none", with_extensions(extension(point_id, "x")));
    add("half a distribution point", with_extensions(extension(point_id, tlv(0x30, "\xA0\x05"))));
    add("half a name in it",
        with_extensions(extension(point_id, tlv(0x30, tlv(0xA0, tlv(0xA0, "\x86\x05"))))));
    add("an unknown field in it", with_extensions(extension(point_id, tlv(0x30, tlv(0x86, yes)))),
        errc::refused);
    add("for no reasons at all",
        with_extensions(extension(point_id, tlv(0x30, tlv(0x83, std::string(1, '\0'))))), errc::refused);
    std::string many;
    for (char i = 0; i < 33; ++i) {
        many += extension(std::string("\x55\x1E") + i, "x");
    }
    add("more extensions than anybody needs", with_extensions(many));
    for (const row& one : rows) {
        const auto list = read(one.made);
        CAPTURE(one.what);
        REQUIRE_FALSE(list.has_value());
        CHECK(list.error().code == one.code);
    }
}

TEST_CASE("many serial numbers of many lengths, and the same one twice, are no trouble") {
    std::string entries;
    for (std::size_t size = 1; size < 600; ++size) {
        entries += tlv(0x30, tlv(0x02, std::string(size, '\x11')) + tlv(0x17, "261119000000Z"));
    }
    entries += entries;
    fields f;
    f.entries = tlv(0x30, entries);
    const auto list = read(f);
    REQUIRE(list.has_value());
    CHECK(list->find("11").has_value());
    CHECK(list->find(crypto::hex(std::string(599, '\x11'))).has_value());
    CHECK_FALSE(list->find(crypto::hex(std::string(600, '\x11'))).has_value());
}
