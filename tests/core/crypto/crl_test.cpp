#include "core/crypto/crl.hpp"
#include "core/crypto/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_crl.hpp"

#include <openssl/err.h>

using namespace evercert;
using namespace evercert::testing;
using crypto::crl;

namespace {

const authority& ca() {
    static const authority made = authority::make_root("Test Issuing");
    return made;
}

crl read(const crl_plan& plan) {
    auto list = crl::parse(make_crl(ca(), plan), ca().own());
    REQUIRE(list.has_value());
    return std::move(*list);
}

crl_plan one_entry() {
    crl_plan plan;
    plan.entries.push_back({"1001", 1});
    return plan;
}

void check_refused(const std::string& der, errc code, std::string_view says,
                   const crypto::certificate& issuer = ca().own()) {
    const auto list = crl::parse(der, issuer);
    REQUIRE_FALSE(list.has_value());
    INFO(list.error().message);
    CHECK(list.error().code == code);
    CHECK(list.error().message.find(says) != std::string::npos);
    CHECK(ERR_peek_error() == 0);
}

crl_plan with_scope(const std::string& value) {
    crl_plan plan = one_entry();
    plan.extensions.emplace_back("issuingDistributionPoint", value);
    return plan;
}

} // namespace

TEST_CASE("a CRL says which serial numbers are revoked, when and why") {
    crl_plan plan;
    plan.entries = {{"00ff01", 1},
                    {"1001", std::nullopt},
                    {"04aabbccddeeff00112233445566778899aa", 4},
                    {"1000", 6, november(3, 4) + seconds(5)},
                    {"7f", 9},
                    {"00ff00", 0},
                    {"04aabbccddeeff00112233445566778899ab", 10}};
    plan.number = 0x1F3;
    plan.extensions = {{"authorityKeyIdentifier", "keyid:always"}};
    const crl list = read(plan);
    CHECK(list.this_update() == november(20));
    CHECK(list.next_update() == november(29));
    CHECK(list.number() == "01f3");
    CHECK(list.size() == plan.entries.size());
    for (const auto& entry : plan.entries) {
        CAPTURE(entry.serial);
        const auto found = list.find(entry.serial);
        REQUIRE(found.has_value());
        CHECK(found->reason == entry.reason.value_or(0));
        CHECK(found->when == entry.when);
    }
    for (const auto* other :
         {"", "0", "00", "ff01", "00ff02", "1002", "0fff", "7e", "80", "10", "001001", "zz", "7F",
          "04aabbccddeeff00112233445566778899", "04aabbccddeeff00112233445566778899ac"}) {
        CAPTURE(other);
        CHECK_FALSE(list.find(other).has_value());
    }
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("an empty CRL lists nobody") {
    const crl list = read({});
    CHECK(list.size() == 0);
    CHECK(list.number().empty());
    CHECK_FALSE(list.find("1001").has_value());
    CHECK(list.covers("http://anything.example/"));
}

TEST_CASE("a hold counts as revoked, a removal from a delta does not, an odd reason is none") {
    crl_plan plan;
    plan.entries = {{"01", 6}, {"02", 8}, {"03", 7}, {"04", 11}, {"05", 300}};
    const crl list = read(plan);
    CHECK(list.find("01")->reason == 6);
    CHECK_FALSE(list.find("02").has_value());
    for (const auto* odd : {"03", "04", "05"}) {
        CHECK(list.find(odd).value().reason == 0);
    }
}

TEST_CASE("serial numbers of real certificates are found") {
    const crypto::key leaf_key = crypto::key::generate(key_type::ecdsa_p256).value();
    for (const std::string& bytes : {std::string("\x80\x01"), std::string(20, '\x7f'), std::string("\x05")}) {
        certificate_plan leaf;
        leaf.serial = bytes;
        const auto made = ca().issue(leaf_key.native(), leaf);
        crl_plan plan;
        plan.entries.push_back({made.serial(), 4});
        CHECK(read(plan).find(made.serial())->reason == 4);
    }
}

TEST_CASE("every signature that issuers use is verified") {
    const auto type =
        GENERATE(key_type::ecdsa_p256, key_type::ecdsa_p384, key_type::rsa_2048, key_type::ed25519);
    const authority by = authority::make_root("Test Issuing", type);
    const std::string der = make_crl(by, one_entry());
    CHECK(crl::parse(der, by.own())->find("1001")->reason == 1);
    check_refused(der, errc::refused, "signature"); // same name, other key
    if (type == key_type::rsa_2048) {
        crl_plan pss = one_entry();
        pss.pss = true;
        CHECK(crl::parse(make_crl(by, pss), by.own()).has_value());
        check_refused(make_crl(by, pss), errc::refused, "signature");
    }
}

TEST_CASE("a CRL is its issuer's only, and only if that may sign CRLs") {
    const std::string der = make_crl(ca(), one_entry());
    check_refused(der, errc::refused, "another issuer", authority::make_root("Somebody Else").own());
    const authority root = authority::make_root("Root");
    CHECK(crl::parse(der, root.cross_sign(ca()).own()).has_value()); // same name and key
    certificate_plan plan;
    plan.common_name = "No CRLs";
    plan.ca = true;
    plan.crl_sign = false;
    const authority mute = root.make_intermediate(plan);
    check_refused(make_crl(mute, one_entry()), errc::refused, "keyUsage", mute.own());
}

TEST_CASE("a shard speaks for the leaves that name it") {
    const crl shard = read(with_scope("critical,fullname:URI:http://c.example/12.crl,onlyuser:TRUE"));
    CHECK(shard.covers("http://c.example/12.crl"));
    CHECK_FALSE(shard.covers("http://c.example/13.crl"));
    CHECK_FALSE(shard.covers("http://c.example/12.crl/"));
    CHECK_FALSE(shard.covers(""));
    CHECK(read(with_scope("critical,onlyuser:TRUE")).covers("http://c.example/13.crl"));
    CHECK(read(with_scope("fullname:URI:http://c.example/12.crl")).covers("http://c.example/12.crl"));
    CHECK_FALSE(read(with_scope("fullname:DNS:c.example")).covers("http://c.example/12.crl"));
}

TEST_CASE("a CRL that is not for all leaves says nothing about any") {
    for (const auto* scope : {"critical,onlyCA:TRUE", "critical,onlyAA:TRUE", "critical,indirectCRL:TRUE",
                              "critical,onlysomereasons:keyCompromise",
                              "critical,fullname:URI:http://c.example/12.crl,onlyCA:TRUE"}) {
        CAPTURE(scope);
        check_refused(make_crl(ca(), with_scope(scope)), errc::refused, "not one for all leaves");
    }
}

TEST_CASE("what is no CRL is refused, and named where it can be") {
    const std::string der = make_crl(ca(), one_entry());
    check_refused("", errc::parse, "no CRL");
    check_refused("<!DOCTYPE html><html>", errc::parse, "web page");
    check_refused(" \r\n<html>", errc::parse, "web page");
    check_refused("-----BEGIN X509 CRL-----\n", errc::parse, "PEM");
    check_refused(ca().own().der(), errc::parse, "no CRL");
    check_refused(der + "x", errc::parse, "no CRL");
    check_refused(der + der, errc::parse, "no CRL");
    check_refused(std::string(1000, '\x30'), errc::parse, "no CRL");
    check_refused(std::string(crl::size_limit + 1, '\x30'), errc::too_large, "16 MiB");
    for (std::size_t size = 0; size < der.size(); ++size) {
        CAPTURE(size);
        CHECK(crl::parse(der.substr(0, size), ca().own()).error().code == errc::parse);
    }
}

TEST_CASE("a CRL with any byte changed is refused") {
    crl_plan plan = with_scope("critical,fullname:URI:http://c.example/12.crl");
    plan.entries.push_back({"04aabbccddeeff", 4});
    const std::string der = make_crl(ca(), plan);
    for (std::size_t at = 0; at < der.size(); ++at) {
        for (const int change : {0x01, 0x80, 0xFF}) {
            std::string other = der;
            other[at] = static_cast<char>(other[at] ^ change);
            CAPTURE(at, change);
            CHECK_FALSE(crl::parse(other, ca().own()).has_value());
        }
    }
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("a CRL of a quarter of a million entries is kept packed, and every entry is found") {
    std::string entries;
    std::vector<std::string> serials;
    const std::string when = tlv(0x17, "261119000000Z");
    for (unsigned i = 0; i < 250'000; ++i) {
        const unsigned mixed = i * 2'654'435'761U; // not in order
        std::string serial = "\x05random bytes...";
        for (const unsigned shift : {0U, 8U, 16U, 24U}) {
            serial += static_cast<char>(mixed >> shift & 0xFFU);
        }
        entries += tlv(0x30, tlv(0x02, serial) + when);
        if (i % 1000 == 0) {
            serials.push_back(crypto::hex(serial));
        }
    }
    const std::string signed_part = tlv(0x30, tlv(0x02, "\x01") + ecdsa_sha256() + name_of(ca()) + when +
                                                  tlv(0x17, "261130000000Z") + tlv(0x30, entries));
    const auto list = crl::parse(sign_crl(ca(), signed_part), ca().own());
    REQUIRE(list.has_value());
    CHECK(list->size() == 250'000);
    for (const std::string& serial : serials) {
        CHECK(list->find(serial).has_value());
        CHECK_FALSE(list->find(serial + "00").has_value());
    }
}
