// One row for each line of the reactions table: problem type x where it happens -> what is done about it.
#include "core/lifecycle/problem_class.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using acme::failure;
using acme::problem;
using acme::step;

namespace {

failure said(step where, std::string type, int status, std::string detail = "no") {
    failure what(where, error(errc::refused, "the CA refused"));
    problem p;
    p.type = std::move(type);
    p.detail = std::move(detail);
    p.status = status;
    what.said = std::move(p);
    what.http_status = status;
    return what;
}

struct row {
    const char* type;
    step where;
    int status;
    problem_class expected;
};

} // namespace

TEST_CASE("every problem type has its reaction") {
    using enum problem_class;
    const auto r = GENERATE(values<row>({
        {"badNonce", step::new_order, 400, now},
        {"orderNotReady", step::finalize, 403, now},
        {"orderNotReady", step::finalize, 400, now}, // step-ca
        {"alreadyReplaced", step::new_order, 409, now},
        {"conflict", step::new_order, 409, now}, // Pebble before 2.10
        {"conflict", step::challenge, 409, now},
        {"conflict", step::key_change, 409, never},
        {"rateLimited", step::new_order, 429, later},
        {"rateLimited", step::new_order, 400, later}, // step-ca
        {"serverInternal", step::order, 500, later},
        {"connection", step::challenge, 400, later},
        {"dns", step::challenge, 400, later},
        {"tls", step::challenge, 400, later},
        {"incorrectResponse", step::challenge, 403, later},
        {"unauthorized", step::challenge, 403, later},
        {"unauthorized", step::authorization, 401, later},
        {"unauthorized", step::account, 403, daily},
        {"unauthorized", step::new_order, 401, daily},
        {"caa", step::challenge, 403, daily},
        {"caa", step::finalize, 403, daily},
        {"accountDoesNotExist", step::new_order, 400, later},
        {"badCSR", step::finalize, 400, daily},
        {"badPublicKey", step::account, 400, later},
        {"badPublicKey", step::finalize, 400, later},
        {"badSignatureAlgorithm", step::account, 400, daily},
        {"rejectedIdentifier", step::new_order, 400, daily},
        {"unsupportedIdentifier", step::new_order, 400, daily},
        {"invalidContact", step::account, 400, daily},
        {"unsupportedContact", step::account, 400, daily},
        {"invalidProfile", step::new_order, 400, daily},
        {"invalidProfile", step::finalize, 400, daily},
        {"externalAccountRequired", step::account, 403, daily},
        {"userActionRequired", step::new_order, 403, daily},
        {"malformed", step::new_order, 400, daily},
        {"malformed", step::order, 404, daily},
        {"malformed", step::order, 405, daily},
        {"alreadyRevoked", step::revocation, 400, never},
        {"badRevocationReason", step::revocation, 400, never},
        {"autoRenewalCanceled", step::order, 403, daily},
        {"autoRenewalExpired", step::order, 403, daily},
        {"autoRenewalCancellationInvalid", step::order, 400, daily},
        {"autoRenewalRevocationNotSupported", step::revocation, 403, daily},
        {"unknownDelegation", step::new_order, 400, daily},
        {"onionCAARequired", step::finalize, 403, daily},
        {"badAttestationStatement", step::challenge, 400, daily},
        {"somethingNew", step::new_order, 400, daily},
        {"somethingNew", step::new_order, 500, later},
        {"somethingNew", step::new_order, 429, later},
        {"urn:example:other", step::new_order, 503, later},
        {"", step::new_order, 502, later},
        {"", step::new_order, 403, daily},
    }));
    CAPTURE(r.type, to_string(r.where), r.status);
    CHECK(to_string(classify(said(r.where, r.type, r.status)).kind) == to_string(r.expected));
}

TEST_CASE("a rate limit waits an hour unless the CA says how long") {
    failure limited = said(step::new_order, "rateLimited", 429);
    CHECK(classify(limited).at_least == std::chrono::hours(1));
    limited.retry_after = std::chrono::minutes(5);
    CHECK(classify(limited).at_least == std::chrono::minutes(5));
    limited.retry_after = std::chrono::hours(30);
    CHECK(classify(limited).at_least == std::chrono::hours(30));
}

TEST_CASE("a pause waits for a person, in the words that CAs use") {
    const std::string portal =
        "https://portal.ca.example/sfe/v1/unpause?jwt=eyJhbGciOi.eyJ2IjoidjEi.c2lnbmF0dXJl";
    const failure paused = said(step::new_order, "rateLimited", 429,
                                "Your account is temporarily prevented from requesting certificates for "
                                "a.example and possibly others. "
                                "Please visit: " +
                                    portal);
    CHECK(is_pause(paused));
    CHECK(classify(paused).kind == problem_class::daily);
    CHECK(is_pause(said(step::new_order, "rateLimited", 429, "issuance for a.example is paused")));

    failure limited = said(step::new_order, "rateLimited", 429, "too many certificates already issued");
    CHECK_FALSE(is_pause(limited));
    limited.said->detail = "paused, retry after 2026-11-21 12:00:00 UTC";
    limited.retry_after = std::chrono::hours(12);
    CHECK_FALSE(is_pause(limited)); // it says itself when it ends
    CHECK_FALSE(is_pause(said(step::new_order, "unauthorized", 403, "paused")));
}

TEST_CASE("a profile that is not to be had is a matter for the configuration, and of one certificate") {
    failure unlisted(step::new_order,
                     error(errc::invalid_argument, "issuer ca does not offer the profile 'tlsclient'"));
    unlisted.profile_missing = true;
    failure refused = said(step::new_order, "malformed", 400, "profile not found");
    refused.profile_missing = true;
    for (const failure& what : {unlisted, refused}) {
        const verdict judged = classify(what);
        CHECK(judged.kind == problem_class::daily);
        CHECK_FALSE(judged.whole_issuer);
        CHECK(judged.mend.find("'profile'") != std::string::npos);
    }
}

TEST_CASE("mends name what they are about") {
    failure nowhere = said(step::challenge, "dns", 400);
    nowhere.name = identifier{identifier::kind::dns, "*.a.example"};
    const std::string mend = classify(nowhere).mend;
    CHECK(mend.find("'dig a.example A'") != std::string::npos);
    CHECK(mend.find("{name}") == std::string::npos);

    failure compound = said(step::new_order, "compound", 400);
    compound.said->subproblems.push_back({"caa", "no", identifier{identifier::kind::dns, "b.example"}});
    CHECK(classify(compound).mend.find("'dig b.example CAA'") != std::string::npos);

    failure unnamed = said(step::order, "caa", 403);
    CHECK(classify(unnamed).mend.find("the CAA records of the name,") != std::string::npos);
}

TEST_CASE("a name without an address is told as that, whichever type a CA gives it") {
    for (const char* type : {"dns", "connection", "malformed"}) {
        CAPTURE(type);
        failure nowhere = said(step::challenge, type, 400);
        nowhere.name = identifier{identifier::kind::dns, "a.example"};
        nowhere.said->detail = "Get \"http://a.example/x\": could not resolve URL \"http://a.example/x\"";
        const verdict judged = classify(nowhere);
        CHECK(judged.kind == problem_class::later);
        CHECK(judged.mend.find("make a.example resolve") != std::string::npos);
        CHECK(explain(nowhere, judged).starts_with("the CA could not look a.example up in the DNS"));
    }
    failure closed = said(step::challenge, "connection", 400);
    closed.said->detail = "dial tcp 192.0.2.1:80: connect: connection refused";
    CHECK(classify(closed).mend.find("port 80") != std::string::npos);
    failure elsewhere = said(step::new_order, "malformed", 400);
    elsewhere.said->detail = "could not resolve";
    CHECK(classify(elsewhere).kind == problem_class::daily);
}

TEST_CASE("an external account is asked for whether the CA says it or we see it before") {
    const failure ours(step::account,
                       error(errc::invalid_argument, "issuer ca wants an external account: set eab"));
    const failure theirs = said(step::account, "externalAccountRequired", 403);
    CHECK(classify(ours).mend == classify(theirs).mend);
    CHECK(classify(ours).mend.find("hmac_key_file") != std::string::npos);
    const failure terms(step::account, error(errc::invalid_argument, "issuer ca has terms of service"));
    CHECK(classify(terms).mend.find("eab") == std::string::npos);
}

TEST_CASE("a CA that does not know a certificate is not said to dislike the request") {
    for (const int status : {400, 404}) {
        const auto judged = classify(said(step::revocation, "malformed", status));
        CHECK(judged.kind == problem_class::daily);
        CHECK(judged.mend.find("does not know this certificate") != std::string::npos);
    }
}

TEST_CASE("special reactions ride along") {
    CHECK(classify(said(step::finalize, "badPublicKey", 400)).fresh_key);
    CHECK_FALSE(classify(said(step::new_order, "serverInternal", 500)).fresh_key);
}

TEST_CASE("a compound problem is as slow as its slowest part") {
    failure compound = said(step::new_order, "compound", 400);
    compound.said->subproblems.push_back({"dns", "no zone", identifier{identifier::kind::dns, "a.example"}});
    compound.said->subproblems.push_back(
        {"caa", "forbidden", identifier{identifier::kind::dns, "b.example"}});
    compound.said->subproblems.push_back({"connection", "refused", std::nullopt});
    CHECK(classify(compound).kind == problem_class::daily);
    compound.said->subproblems.erase(compound.said->subproblems.begin() + 1);
    CHECK(classify(compound).kind == problem_class::later);
    CHECK(explain(compound, classify(compound)).find("a.example") != std::string::npos);
}

TEST_CASE("without a problem document status and cause decide") {
    const auto plain = [](step where, errc code, int status) {
        failure what(where, error(code, "it failed"));
        what.http_status = status;
        return classify(what);
    };
    CHECK(plain(step::new_order, errc::protocol, 500).kind == problem_class::later);
    CHECK(plain(step::new_order, errc::protocol, 429).at_least == std::chrono::hours(1));
    CHECK(plain(step::order, errc::protocol, 404).kind == problem_class::daily);
    CHECK(plain(step::order, errc::timed_out, 0).kind == problem_class::later);
    CHECK(plain(step::order, errc::network, 0).kind == problem_class::later);
    CHECK(plain(step::directory, errc::tls, 0).kind == problem_class::later);
    CHECK(plain(step::account, errc::invalid_argument, 0).kind == problem_class::daily);
    CHECK(plain(step::certificate, errc::no_space, 0).kind == problem_class::later);
    CHECK(plain(step::certificate, errc::no_space, 0).mend.find("'df -h'") != std::string::npos);
    CHECK(plain(step::certificate, errc::out_of_time, 0).mend.find("clock") != std::string::npos);
    CHECK(plain(step::certificate, errc::refused, 0).mend.find("the CA has to be told") != std::string::npos);
    CHECK(plain(step::order, errc::refused, 0).mend.empty());
}

TEST_CASE("what fails before an order exists concerns the whole issuer") {
    CHECK(classify(said(step::account, "externalAccountRequired", 403)).whole_issuer);
    CHECK(classify(failure(step::directory, error(errc::network, "x"))).whole_issuer);
    CHECK(classify(failure(step::new_order, error(errc::network, "x"))).whole_issuer);
    CHECK_FALSE(classify(said(step::new_order, "rejectedIdentifier", 400)).whole_issuer);
    CHECK_FALSE(classify(said(step::challenge, "dns", 400)).whole_issuer);
}

TEST_CASE("the CA's words are shown, but harmless") {
    const failure hostile = said(step::new_order, "rejected\x1b[31m", 400,
                                 std::string("\nINFO all is well\n") + std::string(100'000, 'x'));
    const std::string text = explain(hostile, classify(hostile));
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.size() < 2000);
    CHECK(text.find("the CA says \"rejected\\x1b[31m\" \"") != std::string::npos);
}

TEST_CASE("what to do depends on how the name was to be proven") {
    struct way {
        std::string_view challenge;
        std::string_view words;
    };
    const std::vector<way> table = {{"http-01", "/.well-known/acme-challenge/"},
                                    {"dns-01", "dig _acme-challenge.a.example TXT"},
                                    {"dns-account-01", "TXT record"},
                                    {"dns-persist-01", "_validation-persist.a.example"},
                                    {"tls-alpn-01", "acme-tls/1"},
                                    {"", "/.well-known/acme-challenge/"}};
    for (const way& r : table) {
        failure what = said(step::challenge, "unauthorized", 403);
        what.name = identifier{identifier::kind::dns, "*.a.example"};
        what.challenge = r.challenge;
        CAPTURE(r.challenge);
        CHECK(classify(what).mend.find(r.words) != std::string::npos);
    }
}

TEST_CASE("a standing record that is missing is the operator's to publish") {
    failure what(step::challenge, error(errc::not_found, "the standing record is missing"));
    what.name = identifier{identifier::kind::dns, "*.a.example"};
    what.challenge = "dns-persist-01";
    CHECK(classify(what).kind == problem_class::later);
    CHECK(classify(what).mend.find("'evercert dns-record NAME'") != std::string::npos);
    what.challenge = "dns-01";
    CHECK(classify(what).mend.empty());
}
