#include "core/crypto/certificate.hpp"
#include "core/crypto/csr.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_pki.hpp"

using namespace evercert;
using namespace evercert::testing;
using crypto::certificate;
using crypto::check_chain;

namespace {

using chain = std::vector<certificate>;

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);
const wall_time later = now + std::chrono::days(90);
const std::vector<identifier> names{{identifier::kind::dns, "www.example.com"},
                                    {identifier::kind::dns, "example.com"}};

struct fixture {
    test_ca ca;
    crypto::key key = crypto::key::generate(key_type::ecdsa_p256).value();

    [[nodiscard]] crypto::chain_expectation expected() const { return {key.public_digest(), names, now}; }
    [[nodiscard]] chain made(mischief what, wall_time from = now, wall_time to = later) const {
        const std::string csr = crypto::make_csr(key, names).value();
        return crypto::parse_pem_chain(ca.issue_chain_pem(csr, names, from, to, what)).value();
    }
    [[nodiscard]] certificate leaf(const authority& issuer, wall_time to = later) const {
        certificate_plan plan;
        plan.san = to_san(names);
        plan.not_before = now;
        plan.not_after = to;
        return issuer.issue(key.native(), plan);
    }
};

std::vector<std::string> prints(const chain& certificates) {
    std::vector<std::string> all;
    for (const certificate& one : certificates) {
        all.push_back(one.fingerprint());
    }
    return all;
}

void check_refused(const chain& given, const crypto::chain_expectation& expected, std::string_view why) {
    const auto checked = check_chain(given, expected);
    REQUIRE_FALSE(checked.has_value());
    CHECK((checked.error().code == errc::refused || checked.error().code == errc::out_of_time));
    CAPTURE(checked.error().message);
    CHECK(checked.error().message.find(why) != std::string::npos);
}

} // namespace

TEST_CASE("a good chain is kept as it came") {
    const fixture f;
    const chain given = f.made(mischief::none);
    REQUIRE(given.size() == 3);
    CHECK(prints(check_chain(given, f.expected()).value()) == prints(given));
    crypto::chain_expectation other_order = f.expected();
    other_order.names = {names[1], names[0]};
    CHECK(check_chain(given, other_order).has_value());
}

TEST_CASE("order is restored, roots and strangers go") {
    const fixture f;
    for (const mischief what : {mischief::shuffled, mischief::with_root, mischief::unrelated_top}) {
        CAPTURE(static_cast<int>(what));
        const chain checked = check_chain(f.made(what), f.expected()).value();
        REQUIRE(checked.size() == 3);
        CHECK(checked[0].public_digest() == f.key.public_digest());
        CHECK(checked[1].fingerprint() == f.ca.issuing().own().fingerprint());
        CHECK(checked[2].fingerprint() == f.ca.upper().own().fingerprint());
    }
}

TEST_CASE("every order of leaf, intermediates, root and a stranger gives the same chain") {
    const fixture f;
    chain given = f.made(mischief::with_root);
    given.push_back(authority::make_root("Stranger").own());
    const auto wanted = prints(check_chain(given, f.expected()).value());
    CHECK(wanted.size() == 3);
    std::ranges::sort(given, {}, &certificate::fingerprint);
    do {
        CHECK(prints(check_chain(given, f.expected()).value()) == wanted);
    } while (std::ranges::next_permutation(given, {}, &certificate::fingerprint).found);
}

TEST_CASE("certificates given twice count once") {
    const fixture f;
    chain given = f.made(mischief::none);
    const auto wanted = prints(given);
    const chain copy = given;
    given.insert(given.begin() + 1, copy[0]);
    given.insert(given.end(), copy.begin(), copy.end());
    CHECK(prints(check_chain(given, f.expected()).value()) == wanted);
}

TEST_CASE("hostile leaves are refused, each with its reason") {
    const fixture f;
    check_refused(f.made(mischief::wrong_key), f.expected(), "key");
    check_refused(f.made(mischief::extra_name), f.expected(), "not ordered");
    check_refused(f.made(mischief::missing_name), f.expected(), "lacks names that were ordered: example.com");
    check_refused(f.made(mischief::no_names), f.expected(), "subjectAltName");
    check_refused(f.made(mischief::nul_name), f.expected(), "subjectAltName");
    check_refused(f.made(mischief::expired), f.expected(), "until 2016");
    check_refused(f.made(mischief::future), f.expected(), "from 2036");
    check_refused(f.made(mischief::is_ca), f.expected(), "CA");
    check_refused(f.made(mischief::broken_link), f.expected(), "issued");
    check_refused({}, f.expected(), "key");
    check_refused({f.ca.issuing().own(), f.ca.upper().own()}, f.expected(), "key");
}

TEST_CASE("a name beside the ordered ones is foreign text") {
    const fixture f;
    const auto checked = check_chain(f.made(mischief::extra_name), f.expected());
    CHECK(checked.error().foreign == "extra.example.net");
}

TEST_CASE("a private key in the chain never gets as far as checking") {
    const fixture f;
    const std::string pem = f.ca.issue_chain_pem(f.key, names, now, later, mischief::private_key);
    CHECK(crypto::parse_pem_chain(pem).error().code == errc::refused);
}

TEST_CASE("dates are exact at their edges") {
    const fixture f;
    auto expected = f.expected();
    const chain given = f.made(mischief::none);
    expected.now = later - milliseconds(1);
    CHECK(check_chain(given, expected).has_value());
    expected.now = later;
    CHECK_FALSE(check_chain(given, expected).has_value());
    // CAs put notBefore into the past, but our clock may be behind by more.
    expected.now = now - std::chrono::hours(1);
    CHECK(check_chain(given, expected).has_value());
    expected.now -= milliseconds(1);
    CHECK_FALSE(check_chain(given, expected).has_value());
    expected.clock_tolerance = std::chrono::hours(2);
    CHECK(check_chain(given, expected).has_value());
    const chain backwards = f.made(mischief::none, now + seconds(1200), now + seconds(600));
    CHECK_FALSE(check_chain(backwards, f.expected()).has_value());
}

TEST_CASE("a leaf alone is a chain") {
    const fixture f;
    CHECK(check_chain(f.made(mischief::leaf_only), f.expected())->size() == 1);
}

TEST_CASE("a root that issues leaves itself stays") {
    const fixture f;
    const authority& root = f.ca.root();
    const chain checked = check_chain({f.leaf(root), root.own()}, f.expected()).value();
    CHECK(checked.size() == 2);
}

TEST_CASE("an intermediate that is no CA or has expired links nothing") {
    const fixture f;
    certificate_plan plan;
    plan.common_name = "Not A CA";
    const authority no_ca = f.ca.root().make_intermediate(plan);
    check_refused({f.leaf(no_ca), no_ca.own(), f.ca.root().own()}, f.expected(), "CA certificate");
    plan.ca = true;
    plan.not_after = now;
    const authority expired = f.ca.root().make_intermediate(plan);
    check_refused({f.leaf(expired), expired.own(), f.ca.root().own()}, f.expected(), "CA certificate");
}

TEST_CASE("a cross-signed CA is preferred to the root of the same name and key") {
    const fixture f;
    const authority old_root = authority::make_root("Old Root");
    const certificate crossed = old_root.cross_sign(f.ca.root()).own();
    const chain base = f.made(mischief::none);
    for (const bool root_first : {true, false}) {
        chain given = base;
        given.push_back(root_first ? f.ca.root().own() : crossed);
        given.push_back(root_first ? crossed : f.ca.root().own());
        const chain checked = check_chain(given, f.expected()).value();
        REQUIRE(checked.size() == 4);
        CHECK(checked[3].fingerprint() == crossed.fingerprint());
    }
}

TEST_CASE("CAs that have signed each other end") {
    const fixture f;
    const authority a = authority::make_root("A");
    const authority b = authority::make_root("B");
    const chain given{f.leaf(a), a.cross_sign(b).own(), b.cross_sign(a).own()};
    const chain checked = check_chain(given, f.expected()).value();
    CHECK(checked.size() == 3);
}

TEST_CASE("leaves of every key type under every CA key type") {
    for (const key_type ca_type : {key_type::ecdsa_p384, key_type::rsa_2048, key_type::ed25519}) {
        const authority root = authority::make_root("Root", ca_type);
        const authority issuing = root.make_intermediate("Issuing");
        for (const key_type type : {key_type::rsa_2048, key_type::ed25519, key_type::ecdsa_p384}) {
            fixture f;
            f.key = crypto::key::generate(type).value();
            CHECK(check_chain({f.leaf(issuing), issuing.own(), root.own()}, f.expected())->size() == 2);
        }
    }
}
