// The happy conversation again and again, each time with one thing gone wrong. Whatever it is: an end comes
// soon, as success or as a failure that says something, nothing stays served, and the next try with an honest
// CA succeeds.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"
#include "tests/core/acme/plain_answer.hpp"

#include <functional>

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

using damage = std::function<result<http_response>(const ca_request&, http_response)>;

struct replay {
    outcome<issued> got = std::unexpected(failure());
    bool recovered = false;
};

/// Damages what `what` does to the answers with `index`, then tries again with the CA as it is.
replay replayed(acme_fixture& f, const damage& what, const std::vector<identifier>& wanted) {
    f.ca.after = what;
    replay r;
    r.got = f.all(wanted);
    INFO((r.got ? std::string("success") : r.got.error().cause.text()));
    CHECK(f.answers.served.empty());
    CHECK(f.answers.presented == f.answers.cleaned);
    if (!r.got) {
        CHECK_FALSE(r.got.error().cause.message.empty());
        CHECK(r.got.error().cause.code != errc::internal);
        CHECK(r.got.error().cause.text().find('\n') == std::string::npos);
    }
    if (r.got) {
        r.recovered = true;
        return r;
    }
    f.ca.after = nullptr;
    REQUIRE(f.open_account());
    auto request = f.request_for(wanted);
    if (!order_lost(r.got.error()) && !f.stored_orders.empty()) {
        request.order_url = f.stored_orders.back();
    }
    auto second = f.run(f.acme->issue(std::move(request)));
    if (!second && order_lost(second.error())) {
        second = f.issue(wanted); // as lifecycle does
    }
    INFO((second ? std::string("success") : second.error().cause.text()));
    CHECK(second);
    r.recovered = second.has_value();
    return r;
}

std::size_t length_of_conversation(const std::vector<identifier>& wanted) {
    acme_fixture f;
    REQUIRE(f.all(wanted));
    return f.ca.requests.size();
}

} // namespace

TEST_CASE("each request in turn meets each kind of trouble") {
    struct trouble {
        const char* name;
        std::function<result<http_response>(http_response)> make;
        bool always_survived; ///< within the same try, wherever it happens
    };
    const std::vector<trouble> troubles = {
        {"connection lost",
         [](http_response) -> result<http_response> { return fail(errc::network, "connection reset"); },
         false},
        {"timeout",
         [](http_response) -> result<http_response> {
             return fail(errc::timed_out, "no answer within 30 s");
         },
         false},
        {"500",
         [](http_response) -> result<http_response> { return scripted_ca::problem(500, "serverInternal"); },
         false},
        {"503 with Retry-After",
         [](http_response) -> result<http_response> {
             auto a = plain(503, "text/html", "<html>busy</html>");
             a.headers.emplace_back("retry-after", "120");
             return a;
         },
         false},
        {"429",
         [](http_response) -> result<http_response> { return scripted_ca::problem(429, "rateLimited"); },
         false},
        {"badNonce with a nonce",
         [](http_response normal) -> result<http_response> {
             auto a = scripted_ca::problem(400, "badNonce");
             a.headers.emplace_back("Replay-Nonce", normal.header("Replay-Nonce"));
             return a;
         },
         false},
        {"badNonce without",
         [](http_response) -> result<http_response> { return scripted_ca::problem(400, "badNonce"); }, false},
        {"HTML with 200",
         [](http_response) -> result<http_response> { return plain(200, "text/html", "<html>hello</html>"); },
         false},
        {"empty with 200",
         [](http_response) -> result<http_response> { return plain(200, "application/json", ""); }, false},
        {"204", [](http_response) -> result<http_response> { return plain(204, "", ""); }, false},
        {"redirect", [](http_response) -> result<http_response> { return plain(302, "text/html", ""); },
         false},
        {"a binary 400",
         [](http_response) -> result<http_response> {
             return plain(400, "application/problem+json", std::string("\0\xff\x01{", 4));
         },
         false},
    };
    const auto wanted = names({"a.example.com", "b.example.com"});
    const std::size_t length = length_of_conversation(wanted);
    REQUIRE(length == 15);
    for (const auto& one : troubles) {
        for (std::size_t at = 0; at < length; ++at) {
            CAPTURE(one.name, at);
            acme_fixture f;
            bool hit = false;
            const auto r = replayed(
                f,
                [&](const ca_request& request, http_response normal) -> result<http_response> {
                    if (request.index != at) {
                        return normal;
                    }
                    hit = true;
                    return one.make(std::move(normal));
                },
                wanted);
            CHECK(hit);
            CHECK(r.recovered);
            if (!r.got && std::string_view(one.name) == "503 with Retry-After") {
                CHECK(r.got.error().retry_after == seconds(120));
            }
        }
    }
}

TEST_CASE("trouble that never ends is given up after a bounded number of requests") {
    const char* const kinds[] = {"network", "500", "badNonce"};
    for (const std::string_view kind : kinds) {
        for (std::size_t from = 0; from < 15; ++from) {
            CAPTURE(kind, from);
            acme_fixture f;
            f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
                if (request.index < from) {
                    return normal;
                }
                if (kind == "network") {
                    return fail(errc::network, "no route to host");
                }
                auto a = kind == "500" ? plain(500, "text/html", "<h1>oops</h1>")
                                       : scripted_ca::problem(400, "badNonce");
                a.headers.emplace_back("Replay-Nonce", normal.header("Replay-Nonce"));
                return a;
            };
            const auto got = f.all(names({"a.example.com", "b.example.com"}));
            CHECK_FALSE(got);
            CHECK(f.ca.requests.size() < from + 30);
            CHECK(f.answers.served.empty());
        }
    }
}

TEST_CASE("nonces that went stale in the pool cost one round trip each and no failure") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.forget_nonces();
    REQUIRE(f.issue(names({"a.example.com"})));
    CHECK(f.events.count("acme.bad_nonce") == 1);
}

TEST_CASE("each member of each answer in turn is missing, null, of another type or huge") {
    const std::string huge_text = "\"" + std::string(200'000, 'A') + "\"";
    std::string huge_list = "[";
    for (int i = 0; i < 5000; ++i) {
        huge_list += i == 0 ? "\"x\"" : ",\"x\"";
    }
    huge_list += "]";
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
                                                   huge_text,
                                                   huge_list,
                                                   "99999999999999999999999"};
    const auto wanted = names({"a.example.com"});
    const std::size_t length = length_of_conversation(wanted);
    std::size_t runs = 0;
    for (std::size_t at = 0; at < length; ++at) {
        std::vector<std::string> paths;
        {
            acme_fixture f;
            f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
                if (request.index == at) {
                    paths = member_paths(normal.body);
                }
                return normal;
            };
            REQUIRE(f.all(wanted));
        }
        for (const auto& path : paths) {
            for (const auto& raw : replacements) {
                CAPTURE(at, path, raw.substr(0, 30));
                acme_fixture f;
                replayed(
                    f,
                    [&](const ca_request& request, http_response normal) -> result<http_response> {
                        if (request.index == at) {
                            normal.body = with_member(normal.body, path, raw);
                        }
                        return normal;
                    },
                    wanted);
                ++runs;
            }
        }
    }
    CHECK(runs > 500);
}
