// Everything besides issuing, each time with one answer gone wrong. Whatever it is: an end comes soon, as
// success or as a failure that says something, and an honest CA is served afterwards.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"
#include "tests/core/acme/plain_answer.hpp"

#include <functional>

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

struct operations_fixture : acme_fixture {
    operations_fixture() {
        ca.renewal_info_path = "/renewal-info";
        ca.profiles = {"classic"};
        ca.renewal_infos["YQ.AQ"] =
            scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
        REQUIRE(open_account());
        renew_client();
        acme->use_account(test_key(), "https://ca.example/account/1");
        start = ca.requests.size();
    }
    std::size_t start = 0; ///< index of the first request that an operation makes
};

/// Nothing, or why not.
using ending = std::optional<failure>;
using operation = std::function<ending(operations_fixture&)>;

template <class T>
ending end_of(const outcome<T>& got) {
    return got ? std::nullopt : ending(got.error());
}

struct named_operation {
    const char* name;
    operation make;
};

const std::vector<named_operation>& operations() {
    static const std::vector<named_operation> all = {
        {"describe", [](operations_fixture& f) { return end_of(f.run(f.acme->describe())); }},
        {"renewal information",
         [](operations_fixture& f) {
             const auto got = f.run(f.acme->fetch_renewal_info("YQ.AQ"));
             if (got) {
                 CHECK(got->end > got->start);
                 CHECK(got->retry_after >= std::chrono::minutes(1));
                 CHECK(got->retry_after <= std::chrono::hours(24));
             }
             return end_of(got);
         }},
        {"find", [](operations_fixture& f) { return end_of(f.run(f.acme->find_account(other_test_key()))); }},
        {"read", [](operations_fixture& f) { return end_of(f.run(f.acme->read_account())); }},
        {"update",
         [](operations_fixture& f) { return end_of(f.run(f.acme->update_contacts({"a@example.com"}))); }},
        {"deactivate", [](operations_fixture& f) { return end_of(f.run(f.acme->deactivate_account())); }},
        {"key change",
         [](operations_fixture& f) { return end_of(f.run(f.acme->change_key(other_test_key()))); }},
    };
    return all;
}

void check_failure(const failure& why) {
    CHECK_FALSE(why.cause.message.empty());
    CHECK(why.cause.code != errc::internal);
    for (const char c : why.cause.text()) {
        CHECK((c >= ' ' && c < '\x7f'));
    }
}

using damage = std::function<result<http_response>(http_response)>;

/// Damages the answer to the request number `at` of the operation.
ending damaged(operations_fixture& f, const operation& make, std::size_t at, const damage& what) {
    f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
        return request.index == f.start + at ? what(std::move(normal))
                                             : result<http_response>(std::move(normal));
    };
    const ending end = make(f);
    CHECK(f.ca.requests.size() < f.start + 20);
    if (end) {
        check_failure(*end);
    }
    f.ca.after = nullptr;
    return end;
}

/// That the session still works, with whichever key the account has now.
void check_recovery(operations_fixture& f) {
    const auto& record = f.ca.accounts.at("https://ca.example/account/1");
    if (record.status != "valid") {
        return;
    }
    f.time.advance(std::chrono::hours(25)); // a damaged directory is believed for a day
    const bool changed = record.jwk != test_key().public_jwk();
    f.acme->use_account(changed ? other_test_key() : test_key(), "https://ca.example/account/1");
    CHECK(f.run(f.acme->read_account()));
    CHECK(f.run(f.acme->fetch_renewal_info("YQ.AQ")));
}

std::size_t length_of(const operation& make) {
    operations_fixture f;
    make(f);
    return f.ca.requests.size() - f.start;
}

} // namespace

TEST_CASE("each request of each operation in turn meets each kind of trouble") {
    const std::vector<std::pair<const char*, damage>> troubles = {
        {"connection lost", [](http_response) { return fail(errc::network, "connection reset"); }},
        {"timeout", [](http_response) { return fail(errc::timed_out, "no answer within 30 s"); }},
        {"too long", [](http_response) { return fail(errc::too_large, "the answer is too long"); }},
        {"not TLS", [](http_response) { return fail(errc::tls, "handshake"); }},
        {"500", [](http_response) { return scripted_ca::problem(500, "serverInternal"); }},
        {"503 with Retry-After",
         [](http_response) {
             auto a = plain(503, "text/html", "<html>busy</html>");
             a.headers.emplace_back("retry-after", "120");
             return a;
         }},
        {"429", [](http_response) { return scripted_ca::problem(429, "rateLimited"); }},
        {"403",
         [](http_response) { return scripted_ca::problem(403, "unauthorized", "\x1b[31m\r\nlog: line"); }},
        {"badNonce", [](http_response) { return scripted_ca::problem(400, "badNonce"); }},
        {"account gone", [](http_response) { return scripted_ca::problem(400, "accountDoesNotExist"); }},
        {"HTML with 200", [](http_response) { return plain(200, "text/html", "<html>hello</html>"); }},
        {"empty with 200", [](http_response) { return plain(200, "application/json", ""); }},
        {"204", [](http_response) { return plain(204, "", ""); }},
        {"redirect", [](http_response) { return plain(302, "text/html", ""); }},
        {"a binary 400",
         [](http_response) { return plain(400, "application/problem+json", std::string("\0\xff\x01{", 4)); }},
        {"a list", [](http_response) { return plain(200, "application/json", "[]"); }},
        {"deep", [](http_response) { return plain(200, "application/json", std::string(50'000, '[')); }},
        {"huge", [](http_response) { return plain(200, "application/json", std::string(3'000'000, ' ')); }},
    };
    std::size_t runs = 0;
    for (const auto& one : operations()) {
        const std::size_t length = length_of(one.make);
        REQUIRE(length >= 1);
        for (std::size_t at = 0; at < length; ++at) {
            for (const auto& [trouble, what] : troubles) {
                CAPTURE(one.name, at, trouble);
                operations_fixture f;
                const ending end = damaged(f, one.make, at, what);
                if (std::string_view(trouble) == "503 with Retry-After") {
                    REQUIRE(end);
                    CHECK(end->retry_after == seconds(120));
                }
                check_recovery(f);
                ++runs;
            }
        }
    }
    CHECK(runs > 200);
}

TEST_CASE("each member of each answer to each operation in turn is damaged") {
    const std::vector<std::string> replacements = {"",
                                                   "null",
                                                   "\"\"",
                                                   "\"x\"",
                                                   "7",
                                                   "-1e400",
                                                   "[]",
                                                   "[7]",
                                                   "{}",
                                                   "true",
                                                   "\"valid\"",
                                                   "\"deactivated\"",
                                                   "\"../../../../etc/passwd\"",
                                                   "\"a\\u0000b\"",
                                                   "\"" + std::string(200'000, 'A') + "\"",
                                                   "99999999999999999999999"};
    std::size_t runs = 0;
    for (const auto& one : operations()) {
        const std::size_t length = length_of(one.make);
        for (std::size_t at = 0; at < length; ++at) {
            std::vector<std::string> paths;
            {
                operations_fixture f;
                damaged(f, one.make, at, [&](http_response honest) {
                    paths = member_paths(honest.body);
                    return result<http_response>(std::move(honest));
                });
            }
            for (const auto& path : paths) {
                for (const auto& raw : replacements) {
                    CAPTURE(one.name, at, path, raw.substr(0, 30));
                    operations_fixture f;
                    damaged(f, one.make, at, [&](http_response honest) {
                        honest.body = with_member(honest.body, path, raw);
                        return result<http_response>(std::move(honest));
                    });
                    check_recovery(f);
                    ++runs;
                }
            }
        }
    }
    CHECK(runs > 500);
}

TEST_CASE("what a CA shows of an account is bounded and never more than text") {
    operations_fixture f;
    std::string contacts = "[7,null,\"\",\"" + std::string(2000, 'A') + "\"";
    for (int i = 0; i < 5000; ++i) {
        contacts += ",\"mailto:a" + std::to_string(i) + "@example.com\"";
    }
    contacts += "]";
    f.ca.after = [&](const ca_request& r, http_response a) -> result<http_response> {
        if (r.path == "/account/1") {
            a.body = with_member(a.body, "contact", contacts);
            a.body = with_member(a.body, "orders", "\"javascript:alert(1)\"");
            a.body = with_member(a.body, "status", "\"" + std::string(5000, 'v') + "\"");
        }
        return a;
    };
    const auto got = f.run(f.acme->read_account());
    REQUIRE(got);
    CHECK(got->contacts.size() == 64);
    CHECK(got->contacts.at(0) == "mailto:a0@example.com");
    CHECK(got->orders_url.empty());
    CHECK(got->status.size() == 32);
}
