#include "core/crypto/certificate.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_pki.hpp"

#include <chrono>

using namespace evercert;
using namespace evercert::testing;
using crypto::parse_pem_chain;

namespace {

const std::vector<crypto::certificate>& three() {
    static const std::vector<crypto::certificate> made = [] {
        const test_ca ca;
        return std::vector{ca.issuing().own(), ca.upper().own(), ca.root().own()};
    }();
    return made;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// Without the marks, of a certificate whose length makes base64 end in "=" (that of ECDSA signatures varies).
std::string padded_body() {
    const authority root = authority::make_root("Padded");
    crypto::certificate one = root.own();
    while (one.der().size() % 3 == 0) {
        one = root.issue(root.key().native(), {});
    }
    const std::string pem = one.pem();
    return pem.substr(28, pem.size() - 28 - 26);
}

void check_refused(const std::string& pem, errc code) {
    INFO(pem.substr(0, 300));
    const auto read = parse_pem_chain(pem);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == code);
}

void check_three(const std::string& pem) {
    INFO(pem.substr(0, 300));
    const auto read = parse_pem_chain(pem);
    REQUIRE(read.has_value());
    CHECK(crypto::to_pem(*read) == crypto::to_pem(three()));
}

} // namespace

TEST_CASE("chains come back from PEM") {
    const std::string pem = crypto::to_pem(three());
    check_three(pem);
    CHECK(three()[0].pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
    CHECK(pem == three()[0].pem() + three()[1].pem() + three()[2].pem());
}

TEST_CASE("harmless variations are read and not kept") {
    const std::string pem = crypto::to_pem(three());
    check_three(replaced(pem, "\n", "\r\n"));
    check_three(pem.substr(0, pem.size() - 1));
    check_three("\n\n  \n" + pem + "\n\n");
    check_three("subject=CN = x\nissuer=CN = y\n" +
                replaced(pem, "-----BEGIN", "0 s:/CN=words between\n-----BEGIN"));
    check_three(replaced(pem, "-----\n", "-----  \n"));
    check_three(replaced(pem, "CERTIFICATE-----\n", "CERTIFICATE-----\n\n"));
}

TEST_CASE("any other block is refused") {
    const std::string pem = crypto::to_pem(three());
    const std::string key(crypto::key::generate(key_type::ecdsa_p256)->to_pem().view());
    check_refused(pem + key, errc::refused);
    check_refused(key + pem, errc::refused);
    check_refused(key, errc::refused);
    for (const std::string_view label :
         {"TRUSTED CERTIFICATE", "X509 CERTIFICATE", "X509 CRL", "PRIVATE KEY", "EC PRIVATE KEY",
          "ENCRYPTED PRIVATE KEY", "certificate", "CERTIFICATE REQUEST", "", " CERTIFICATE", "CERTIFICATE ",
          "PKCS7", "OPENSSH PRIVATE KEY"}) {
        CAPTURE(label);
        check_refused(replaced(pem, "CERTIFICATE", label), errc::refused);
    }
    // In odd places too: another reader might see it.
    check_refused(pem + " " + key, errc::refused);
    check_refused(pem + "words" + replaced(key, "\n", "\r\n"), errc::refused);
    check_refused(pem + "-----BEGIN PRIVATE KEY", errc::refused);
    check_refused(" " + pem, errc::refused);
}

TEST_CASE("the refused block is shown as foreign text, cut") {
    const auto read = parse_pem_chain("-----BEGIN " + std::string(10'000, 'X') + "-----\n");
    CHECK(read.error().foreign.size() == 100);
    CHECK(read.error().message.find("XX") == std::string::npos);
}

TEST_CASE("malformed PEM is a parse error") {
    const std::string one = three()[0].pem();
    const std::string body = one.substr(28, one.size() - 28 - 26);
    REQUIRE(replaced(one, body, "") == "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    const auto block = [](const std::string& text) {
        return "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n";
    };
    check_refused("", errc::parse);
    check_refused("nothing here", errc::parse);
    check_refused("<html><body>503</body></html>", errc::parse);
    check_refused(block(""), errc::parse);
    check_refused(block("AAAA"), errc::parse);
    check_refused(block("!!!!"), errc::parse);
    check_refused(block(replaced(padded_body(), "=", "")), errc::parse);
    check_refused(block(replaced(body, "A", "-")), errc::parse);
    check_refused(block("Proc-Type: 4,ENCRYPTED\n\n" + body), errc::parse);
    check_refused(block(body + "AAAA"), errc::parse);
    check_refused(one.substr(0, one.size() - 10), errc::parse);
    check_refused(one.substr(0, 200), errc::parse);
    check_refused(replaced(one, "-----END CERTIFICATE-----", "-----END PRIVATE KEY-----"), errc::parse);
    check_refused(one.substr(0, 300) + "\n" + one, errc::parse);
    check_refused(one + "-----END CERTIFICATE-----\n", errc::parse);
    check_refused(std::string("\0", 1) + one, errc::parse);
    check_refused(one + std::string("\0", 1), errc::parse);
    check_refused(block(std::string(one.size(), '\0')), errc::parse);
}

TEST_CASE("the number of certificates is limited") {
    const std::string one = three()[0].pem();
    std::string many;
    for (int i = 0; i < 10; ++i) {
        many += one;
    }
    CHECK(parse_pem_chain(many)->size() == 10);
    CHECK(parse_pem_chain(many + one).error().code == errc::too_large);
    CHECK(parse_pem_chain(one + one, 1).error().code == errc::too_large);
}

TEST_CASE("a mebibyte of junk is refused in one pass") {
    // Quadratic work over any of these would take minutes, so the suite's own time limit is the check.
    constexpr std::size_t mebibyte = 1024 * 1024;
    std::string marks;
    while (marks.size() < mebibyte) {
        marks += "-----";
    }
    check_refused(marks, errc::parse);
    check_refused(std::string(mebibyte, '\n'), errc::parse);
    check_refused(std::string(mebibyte, 'A'), errc::parse);
    check_refused("-----BEGIN CERTIFICATE-----\n" + std::string(mebibyte, 'A'), errc::parse);
    check_refused("-----BEGIN CERTIFICATE-----\n" + std::string(mebibyte, '\n'), errc::parse);
    check_refused("-----BEGIN CERTIFICATE-----\n" + std::string(mebibyte, 'A') +
                      "\n-----END CERTIFICATE-----",
                  errc::parse);
    check_refused("-----BEGIN CERTIFICATE-----\nMIIB" + std::string(mebibyte, '/') +
                      "\n-----END CERTIFICATE-----",
                  errc::parse);
    check_refused(std::string(mebibyte, ' ') + "-----BEGIN ", errc::refused);
}

TEST_CASE("issuers are told apart however many came before, leaves are read each time") {
    const authority root = authority::make_root("Many");
    std::vector<crypto::certificate> issuers; // more than are kept
    for (int i = 0; i < 20; ++i) {
        issuers.push_back(root.make_intermediate("Same name").own());
    }
    for (int round = 0; round < 2; ++round) {
        for (const crypto::certificate& issuer : issuers) {
            const auto read = parse_pem_chain(crypto::to_pem({three()[0], issuer, root.own()}));
            REQUIRE(read.has_value());
            CHECK(crypto::to_pem(*read) == crypto::to_pem({three()[0], issuer, root.own()}));
        }
    }
    const auto first = parse_pem_chain(crypto::to_pem({three()[0], root.own()})).value();
    const auto again = parse_pem_chain(crypto::to_pem({three()[0], root.own()})).value();
    CHECK(first[1].native() == again[1].native());
    CHECK(first[0].native() != again[0].native());
    // One byte of the signature: another certificate, though all that it says is the same.
    std::string der = root.own().der();
    der.back() = static_cast<char>(der.back() ^ 1);
    const auto altered = crypto::certificate::from_der(der).value();
    const auto read = parse_pem_chain(crypto::to_pem({three()[0], altered})).value();
    CHECK(read[1].der() == der);
}
