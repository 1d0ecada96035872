// What CAs publish, and what a file says in its place.
#include "tests/config/loading.hpp"

#include <string>

using namespace evercert;
using std::chrono::hours;
using testing::good;

namespace {

const std::string rest = "certificates: []\n";
constexpr hours day{24};

rate_limits limits_of(const std::string& yaml, const std::string& issuer = "letsencrypt") {
    return good(rest + yaml).issuers.at(issuer).limits;
}

} // namespace

TEST_CASE("built-in issuers carry the limits that their CAs publish") {
    CHECK(limits_of("") == rate_limits{.concurrent_orders = 32,
                                       .new_orders = {300, hours(3)},
                                       .certificates_per_domain = {50, 7 * day},
                                       .certificates_per_set = {5, 7 * day},
                                       .failed_validations = {5, hours(1)},
                                       .consecutive_failures = {1152, 1152 * day},
                                       .requests = {100, seconds(1)}});
    CHECK(limits_of("", "letsencrypt-staging") == rate_limits{.concurrent_orders = 32,
                                                              .new_orders = {1500, hours(3)},
                                                              .certificates_per_domain = {30'000, 7 * day},
                                                              .certificates_per_set = {30'000, 7 * day},
                                                              .failed_validations = {200, hours(1)},
                                                              .consecutive_failures = {3600, hours(6)},
                                                              .requests = {20, seconds(1)}});
    for (const char* silent : {"zerossl", "google", "google-staging", "sslcom", "actalis"}) {
        CAPTURE(silent);
        CHECK(limits_of("", silent) == rate_limits());
    }
}

TEST_CASE("a limit that is given replaces that one only") {
    rate_limits expected = limits_of("");
    expected.new_orders = {1000, hours(1)};
    CHECK(limits_of("issuers: {letsencrypt: {limits: {new_orders: 1000/1h}}}\n") == expected);
    expected.requests = {};
    CHECK(limits_of("issuers: {letsencrypt: {limits: {new_orders: 1000 / 60m, requests: off}}}\n") ==
          expected);
    expected = limits_of("");
    expected.concurrent_orders = 4;
    CHECK(limits_of("issuers: {letsencrypt: {limits: {concurrent_orders: 4}}}\n") == expected);
    CHECK(limits_of("issuers: {letsencrypt: {limits: {}}}\n") == limits_of(""));
    CHECK(limits_of("issuers: {letsencrypt: {profile: shortlived}}\n") == limits_of(""));
}

TEST_CASE("limits belong to the directory, not to the name") {
    CHECK(limits_of("issuers: {letsencrypt: {directory: \"https://127.0.0.1:14000/dir\"}}\n") ==
          rate_limits());
    rate_limits own;
    own.requests = {5, seconds(1)};
    CHECK(limits_of("issuers: {letsencrypt: {directory: \"https://127.0.0.1:14000/dir\", limits: {requests: "
                    "5/1s}}}\n") == own);
    CHECK(limits_of("issuers: {second: {directory: \"https://acme-v02.api.letsencrypt.org/directory\"}}\n",
                    "second") == limits_of(""));
    CHECK(limits_of("issuers: {corp: {directory: \"https://c/d\"}}\n", "corp") == rate_limits());
}

TEST_CASE("wrong limits are refused at their place") {
    const auto at = [](const std::string& key, const std::string& value) {
        return testing::head + "issuers: {letsencrypt: {limits: {" + key + ": " + value + "}}}\n";
    };
    const std::string le = "issuers.letsencrypt.";
    testing::check({
        {at("new_orders", "300"), "4:46: " + le + "limits.new_orders",
         "\"300\" is not a rate (there is no \"/\" between a count and a time); write it like 300/3h"},
        {at("new_orders", "300/h"), "4:46: " + le + "limits.new_orders", "the time needs its number: 300/1h"},
        {at("requests", "20 / 1"), "4:44: " + le + "limits.requests",
         "what stands behind the \"/\" is not a duration"},
        {at("failed_validations", "0/1h"), "4:54: " + le + "limits.failed_validations",
         "a count of 0 would let nothing through"},
        {at("certificates_per_set", "5/4000d"), "4:56: " + le + "limits.certificates_per_set",
         "the time goes from 1ms to 3650d"},
        {at("certificates_per_domain", "5000000/7d"), "4:59: " + le + "limits.certificates_per_domain",
         "the count is more than 1000000"},
        {at("consecutive_failures", "never"), "4:56: " + le + "limits.consecutive_failures",
         "or off for no limit"},
        {at("consecutive_failures", "[1/1d]"), "4:56: " + le + "limits.consecutive_failures",
         "a list is not accepted here; allowed: a count and a time such as 300/3h, or off for no limit"},
        {at("requests", "~"), "4:34: " + le + "limits.requests",
         "there is no value; allowed: a count and a time such as 300/3h"},
        {at("request", "20/1s"), "4:34: " + le + "limits.request", "did you mean \"requests\"?"},
        {testing::head + "issuers: {letsencrypt: {limits: off}}\n", "4:33: " + le + "limits",
         "a single value is not accepted here; allowed: a map of keys"},
        {testing::head + "issuers: {letsencrypt: {ari: auto}}\n", "4:30: " + le + "ari",
         "\"auto\" is not accepted; allowed: true or false"},
        {testing::head + "issuers: {letsencrypt: {profile: \"\"}}\n", "4:34: " + le + "profile",
         "the value is empty; allowed: a text"},
        {testing::head + "issuers: {letsencrypt: {profile: [shortlived]}}\n", "4:34: " + le + "profile",
         "a list is not accepted here"},
    });
}
