#include "core/crypto/certificate.hpp"
#include "core/crypto/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_crl.hpp"
#include "tests/support/test_pki.hpp"

#include <openssl/err.h>

using namespace evercert;
using namespace evercert::testing;
using crypto::certificate;
using std::chrono::sys_days;

namespace {

const authority& ca() {
    static const authority made = authority::make_root("Test Root");
    return made;
}

const crypto::key& leaf_key() {
    static const crypto::key made = crypto::key::generate(key_type::ecdsa_p256).value();
    return made;
}

certificate issued(certificate_plan plan) {
    return ca().issue(leaf_key().native(), plan);
}

certificate with_san(std::vector<std::pair<san_kind, std::string>> san) {
    certificate_plan plan;
    plan.san = std::move(san);
    return issued(std::move(plan));
}

void check_corrupted(const certificate& one) {
    const auto names = one.names();
    REQUIRE_FALSE(names.has_value());
    CHECK(names.error().code == errc::corrupted);
    CHECK(ERR_peek_error() == 0);
}

} // namespace

TEST_CASE("what a certificate says") {
    certificate_plan plan;
    plan.common_name = "some name";
    plan.san = {{san_kind::dns, "a.example"}};
    plan.not_before = sys_days(std::chrono::year(2026) / 2 / 28) + std::chrono::hours(23) + seconds(59);
    plan.not_after = sys_days(std::chrono::year(2028) / 2 / 29);
    const certificate one = issued(plan);
    CHECK(one.not_before() == plan.not_before);
    CHECK(one.not_after() == plan.not_after);
    CHECK(one.subject_common_name() == "some name");
    CHECK(one.issuer_common_name() == "Test Root");
    CHECK(one.public_digest() == leaf_key().public_digest());
    CHECK(one.fingerprint() == crypto::hex(crypto::sha256(one.der())));
    CHECK_FALSE(one.is_ca());
    CHECK(ca().own().is_ca());
    CHECK(one.issued_by(ca().own()));
    CHECK_FALSE(ca().own().issued_by(one));
    CHECK_FALSE(one.issued_by(one));
    CHECK(ca().own().issued_by(ca().own()));
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("a leaf read without its key says the same, and issues and is issued as well") {
    const authority issuing = ca().make_intermediate("Issuing");
    certificate_plan plan;
    plan.san = {{san_kind::dns, "a.example"}};
    const certificate whole = issuing.issue(leaf_key().native(), plan);
    const certificate one = certificate::leaf_from_der(whole.der()).value();
    CHECK(one.der() == whole.der());
    CHECK(one.pem() == whole.pem());
    CHECK(one.names().value() == whole.names().value());
    CHECK(one.public_digest() == leaf_key().public_digest());
    CHECK(one.same_signer(whole));
    CHECK(one.is_ca() == whole.is_ca());
    CHECK(one.issued_by(issuing.own()));
    CHECK_FALSE(one.issued_by(ca().own()));
    CHECK_FALSE(one.issued_by(one));
    // The first of a chain may turn out to be no leaf.
    const certificate above = certificate::leaf_from_der(issuing.own().der()).value();
    CHECK(above.is_ca());
    CHECK(one.issued_by(above));
    CHECK(whole.issued_by(above));
    CHECK(above.issued_by(ca().own()));

    std::string damaged = whole.der();
    damaged.back() = static_cast<char>(damaged.back() ^ 1); // in the signature
    CHECK_FALSE(certificate::leaf_from_der(damaged)->issued_by(issuing.own()));
    damaged = whole.der();
    const auto name = damaged.find("a.example");
    damaged[name] = 'b'; // in what is signed
    CHECK(certificate::leaf_from_der(damaged)->names()->front().value == "b.example");
    CHECK_FALSE(certificate::leaf_from_der(damaged)->issued_by(issuing.own()));
    CHECK_FALSE(certificate::leaf_from_der("\x30\x03\x02\x01\x05").has_value());
    CHECK_FALSE(certificate::leaf_from_der(whole.der() + "x").has_value());
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("dates from 1950 to 9999 are read") {
    for (const int year : {1950, 1969, 1970, 1999, 2000, 2049, 2050, 2106, 9999}) {
        CAPTURE(year);
        certificate_plan plan;
        plan.not_before = sys_days(std::chrono::year(year) / 1 / 1);
        plan.not_after = sys_days(std::chrono::year(year) / 12 / 31) + std::chrono::hours(23) + seconds(3599);
        const certificate one = issued(plan);
        CHECK(one.not_before() == plan.not_before);
        CHECK(one.not_after() == plan.not_after);
    }
}

TEST_CASE("serial numbers are the content octets") {
    const std::vector<std::pair<std::string, std::string>> serials{
        {std::string("\x01"), "01"},
        {std::string("\x80"), "0080"},
        {std::string("\xff\xff"), "00ffff"},
        {std::string("\x7f\x00", 2), "7f00"},
        {std::string("\0", 1), "00"},
        {std::string(20, '\x11'), "1111111111111111111111111111111111111111"},
        {std::string(130, '\x11'), crypto::hex(std::string(130, '\x11'))}};
    for (const auto& [bytes, text] : serials) {
        certificate_plan plan;
        plan.serial = bytes;
        CHECK(issued(plan).serial() == text);
    }
}

TEST_CASE("the authority key id is the issuer's key id") {
    const certificate one = issued({});
    CHECK(one.authority_key_id().size() == 40);
    CHECK(one.authority_key_id() == ca().own().authority_key_id());
    CHECK(one.authority_key_id() != authority::make_root("Other").own().authority_key_id());
}

TEST_CASE("DER comes back as it was, and nothing else is taken for it") {
    const certificate one = issued({});
    CHECK(certificate::from_der(one.der())->fingerprint() == one.fingerprint());
    const std::string der = one.der();
    for (const std::string& bad : {std::string(), std::string("x"), der.substr(0, der.size() - 1), der + "x",
                                   der + der, der.substr(1), std::string(1000, '\x30')}) {
        const auto read = certificate::from_der(bad);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == errc::parse);
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("DER with any byte changed is read or refused, never worse") {
    certificate_plan plan;
    plan.common_name = "x";
    plan.san = {{san_kind::dns, "a.example"}, {san_kind::ip, std::string("\xc0\x00\x02\x01", 4)}};
    const std::string der = issued(plan).der();
    for (std::size_t at = 0; at < der.size(); ++at) {
        for (const int change : {0x01, 0x80, 0xFF}) {
            std::string changed = der;
            changed[at] = static_cast<char>(changed[at] ^ change);
            const auto read = certificate::from_der(changed);
            if (!read) {
                CHECK(read.error().code == errc::parse);
                continue;
            }
            static_cast<void>(read->names());
            static_cast<void>(read->serial() + read->subject_common_name() + read->authority_key_id());
            CHECK(read->not_after() != wall_time());
            CHECK_FALSE(read->issued_by(ca().own()));
        }
    }
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("names are lower case, sorted and without repetition") {
    const certificate one =
        with_san({{san_kind::dns, "WWW.Example.COM"},
                  {san_kind::ip, std::string("\xc0\x00\x02\x01", 4)},
                  {san_kind::dns, "*.a.example"},
                  {san_kind::dns, "www.example.com"},
                  {san_kind::ip, std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)}});
    const std::vector<identifier> expected{{identifier::kind::dns, "*.a.example"},
                                           {identifier::kind::dns, "www.example.com"},
                                           {identifier::kind::ip, "192.0.2.1"},
                                           {identifier::kind::ip, "2001:db8::1"}};
    CHECK(one.names().value() == expected);
}

TEST_CASE("malformed and foreign names make the whole list unusable") {
    const std::string good = "a.example";
    for (const std::string& bad :
         {std::string("a.example\0.evil.example", 23), std::string("\0", 1), std::string(),
          std::string("a.example."), std::string("a..example"), std::string(".example"),
          std::string("a b.example"), std::string("1.2.3.4"), std::string("[::1]"),
          std::string("a.*.example"), std::string("*"), std::string("a.example\n"),
          std::string("\xc3\xbc.example"), std::string(64, 'a') + ".example", std::string(300, 'a')}) {
        CAPTURE(bad);
        check_corrupted(with_san({{san_kind::dns, good}, {san_kind::dns, bad}}));
    }
    check_corrupted(with_san({{san_kind::dns, good}, {san_kind::email, "a@b.example"}}));
    check_corrupted(with_san({{san_kind::uri, "https://a.example/"}}));
    for (const std::size_t size : {0U, 3U, 5U, 8U, 15U, 17U, 32U}) {
        check_corrupted(with_san({{san_kind::ip, std::string(size, '\x01')}}));
    }
}

TEST_CASE("a certificate without usable subjectAltName has no names") {
    check_corrupted(issued({}));
    certificate_plan empty;
    empty.raw_san = std::string("\x30\x00", 2);
    check_corrupted(issued(empty));
    certificate_plan common_name_only;
    common_name_only.common_name = "a.example";
    check_corrupted(issued(common_name_only));
}

TEST_CASE("signatures and names are both needed to be issued by") {
    const authority impostor = authority::make_root("Test Root");
    const certificate one = with_san({{san_kind::dns, "a.example"}});
    CHECK_FALSE(one.issued_by(impostor.own()));
    const authority renamed = authority::make_root("Other Root");
    CHECK_FALSE(one.issued_by(renamed.own()));
    CHECK(one.issued_by(authority::make_root("Top").cross_sign(ca()).own()));
}

TEST_CASE("the URLs of the CRLs are the ones that can be fetched and speak for the leaf") {
    CHECK(issued({}).crl_urls().empty());
    certificate_plan plan;
    plan.crl_urls = {"http://ye1.c.example/12.crl", "ldap://ldap.example/cn=ca", "HTTPS://c.example/1.crl",
                     "ftp://c.example/1.crl",       "http://c.example/2 3.crl",  "http:/x"};
    CHECK(issued(plan).crl_urls() == std::vector<std::string>{plan.crl_urls[0], plan.crl_urls[2]});
    plan.crl_urls.assign(20, "http://c.example/1.crl");
    CHECK(issued(plan).crl_urls().size() == 8);
    plan.crl_urls = {"http://c.example/" + std::string(2031, 'x'),
                     "http://c.example/" + std::string(2032, 'x')};
    CHECK(issued(plan).crl_urls() == std::vector<std::string>{plan.crl_urls[0]});
}

TEST_CASE("distribution points of other issuers, for some reasons, or malformed are left out") {
    const std::string name = tlv(0xA0, tlv(0xA0, tlv(0x86, "http://c.example/1.crl")));
    const std::string two =
        tlv(0xA0, tlv(0xA0, tlv(0x86, "http://a.example/") + tlv(0x82, "x.example") +
                                tlv(0x86, std::string("http://b\0/", 10)) + tlv(0x86, "http://c.example/")));
    const auto urls = [](const std::string& points) {
        certificate_plan plan;
        plan.raw_crl_points = points;
        return issued(plan).crl_urls();
    };
    CHECK(urls(tlv(0x30, tlv(0x30, name))).size() == 1);
    CHECK(urls(tlv(0x30, tlv(0x30, two))) ==
          std::vector<std::string>{"http://a.example/", "http://c.example/"});
    const std::string other_issuer = tlv(0xA2, tlv(0x82, "x.example"));
    CHECK(urls(tlv(0x30, tlv(0x30, name + other_issuer))).empty());
    CHECK(urls(tlv(0x30, tlv(0x30, name + tlv(0x81, std::string("\x01\x02", 2))))).empty());
    CHECK(urls(tlv(0x30, tlv(0x30, tlv(0xA0, tlv(0xA1, ""))))).empty());
    CHECK(urls(tlv(0x30, tlv(0x30, other_issuer))).empty());
}

TEST_CASE("two certificates of one name and key are the same signer") {
    const authority root = authority::make_root("Root");
    const authority cross = root.cross_sign(ca());
    CHECK(ca().own().same_signer(ca().own()));
    CHECK(ca().own().same_signer(certificate::from_der(ca().own().der()).value()));
    CHECK(cross.own().fingerprint() != ca().own().fingerprint());
    CHECK(cross.own().same_signer(ca().own()));
    CHECK_FALSE(ca().own().same_signer(authority::make_root("Test Root").own()));
    certificate_plan same_key;
    same_key.common_name = "Another Name";
    CHECK_FALSE(ca().own().same_signer(root.issue(ca().key().native(), same_key)));
    const authority ed = authority::make_root("Test Root", key_type::ed25519);
    CHECK_FALSE(ca().own().same_signer(ed.own()));
}
