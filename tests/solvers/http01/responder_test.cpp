#include "solvers/http01/responder.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace evercert;
using solvers::respond;
using solvers::token_table;

namespace {

net::server_request request(const std::string& method, const std::string& host, const std::string& path,
                            const std::string& query = "") {
    net::server_request out;
    out.method = method;
    out.host = host;
    out.path = path;
    out.query = query;
    return out;
}

std::string header(const net::server_response& response, const std::string& name) {
    for (const auto& [n, v] : response.headers) {
        if (n == name) {
            return v;
        }
    }
    return {};
}

const std::string folder = "/.well-known/acme-challenge/";

} // namespace

TEST_CASE("Only the exact live host and token are answered; all else gets the same bytes") {
    token_table table;
    table.put("a.example", "token-1", "token-1.thumb", {});
    table.put("2001:db8::1", "token-6", "token-6.thumb", {});
    for (const auto* method : {"GET", "HEAD"}) {
        const auto out = respond(table, false, request(method, "a.example", folder + "token-1"));
        CHECK(out.response.status == 200);
        CHECK(out.response.body == "token-1.thumb");
        CHECK(header(out.response, "Content-Type") == "application/octet-stream");
        CHECK((out.fetched != nullptr) == (std::string(method) == "GET"));
    }
    CHECK(respond(table, false, request("GET", "2001:db8::1", folder + "token-6")).response.status == 200);

    const auto constant = respond(table, false, request("GET", "a.example", "/")).response;
    CHECK(constant.status == 404);
    const std::vector<net::server_request> others = {
        request("GET", "b.example", folder + "token-1"),
        request("GET", "", folder + "token-1"),
        request("GET", "www.a.example", folder + "token-1"),
        request("GET", "a.example", folder + "token-2"),
        request("GET", "a.example", folder + "Token-1"),
        request("GET", "a.example", folder + "token-1/"),
        request("GET", "a.example", folder + "token-"),
        request("GET", "a.example", folder + "token-11"),
        request("GET", "a.example", folder + "%74oken-1"),
        request("GET", "a.example", folder + "x/../token-1"),
        request("GET", "a.example", folder),
        request("GET", "a.example", "/.well-known/acme-challenge"),
        request("GET", "a.example", "/.well-known/acme-challengetoken-1"),
        request("GET", "a.example", "/.Well-Known/acme-challenge/token-1"),
        request("GET", "a.example", "/" + folder + "token-1"),
        request("GET", "a.example", folder + "/token-1"),
        request("GET", "a.example", folder + "token-1", "x=1"),
        request("GET", "a.example", "/token-1"),
        request("GET", "a.example", "*"),
        request("POST", "a.example", folder + "token-2"),
        request("POST", "a.example", "/"),
        request("GET", "a.example/token-1", folder),
    };
    for (const auto& r : others) {
        INFO(r.method << " " << r.host << " " << r.path);
        const auto out = respond(table, false, r);
        CHECK(out.response.status == 404);
        CHECK(out.response.body == constant.body);
        CHECK(out.response.headers == constant.headers);
        CHECK(out.fetched == nullptr);
    }
}

TEST_CASE("A live token is for GET and HEAD only") {
    token_table table;
    table.put("a.example", "t", "t.k", {});
    for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}) {
        const auto out = respond(table, true, request(method, "a.example", folder + "t"));
        CHECK(out.response.status == 405);
        CHECK(header(out.response, "Allow") == "GET, HEAD");
        CHECK(out.response.body.find("t.k") == std::string::npos);
        CHECK(out.fetched == nullptr);
    }
}

TEST_CASE("redirect_to_https moves everything but challenge paths, for hosts that are names") {
    const token_table table;
    struct row {
        std::string host, path, query, location;
    };
    const std::vector<row> rows = {
        {"a.example", "/", "", "https://a.example/"},
        {"a.example", "/x/y", "q=1&r", "https://a.example/x/y?q=1&r"},
        {"localhost", "/", "", "https://localhost/"},
        {"192.0.2.1", "/x", "", "https://192.0.2.1/x"},
        {"2001:db8::1", "/x", "", "https://[2001:db8::1]/x"},
        {"a.example", "//evil.example/", "", "https://a.example//evil.example/"},
        {"a.example", "/a\"<b>|c\\", "{}", "https://a.example/a%22%3Cb%3E%7Cc%5C?%7B%7D"},
        {"a.example", "/.well-known/other", "", "https://a.example/.well-known/other"},
        {"a.example", "/.well-known/acme-challenges/x", "",
         "https://a.example/.well-known/acme-challenges/x"},
        {"a.example", folder + "unknown", "", ""},
        {"a.example", folder, "", ""},
        {"a.example", "/.well-known/acme-challenge", "", ""},
        {"", "/", "", ""},
        {"under_score.example", "/", "", ""},
        {"-a.example", "/", "", ""},
        {"a.example", "*", "", ""},
    };
    for (const auto& r : rows) {
        INFO(r.host << " " << r.path);
        for (const auto* method : {"GET", "HEAD", "POST"}) {
            const auto out = respond(table, true, request(method, r.host, r.path, r.query)).response;
            CHECK(out.status == (r.location.empty() ? 404 : 308));
            CHECK(header(out, "Location") == r.location);
        }
    }
}

TEST_CASE("Answers are found whatever their number") {
    for (const int n : {1, 100, 101, 5000}) {
        token_table table;
        for (int i = 0; i < n; ++i) {
            table.put(fmt::format("host{}.example", i), fmt::format("token{}", i), fmt::format("key{}", i),
                      {});
        }
        for (int i = 0; i < n; ++i) {
            const auto out =
                respond(table, false,
                        request("GET", fmt::format("host{}.example", i), folder + fmt::format("token{}", i)));
            REQUIRE(out.response.body == fmt::format("key{}", i));
            REQUIRE(respond(table, false,
                            request("GET", fmt::format("host{}.example", i + 1),
                                    folder + fmt::format("token{}", i)))
                        .response.status == 404);
        }
        for (int i = 0; i < n; ++i) {
            table.remove(fmt::format("host{}.example", i), fmt::format("token{}", i),
                         fmt::format("key{}", i));
        }
        CHECK(table.size() == 0);
    }
}

TEST_CASE("A shared answer lives until it was removed as often as it was put") {
    token_table table;
    int calls = 0;
    table.put("a.example", "t", "k", [&] { ++calls; });
    table.put("a.example", "t", "k", [&] { ++calls; });
    table.put("b.example", "t", "k", {});
    REQUIRE(table.find("a.example", "t") != nullptr);
    CHECK(table.find("a.example", "t")->on_fetched.size() == 2);
    table.remove("b.example", "t", "k");
    CHECK(table.find("b.example", "t") == nullptr);
    table.remove("a.example", "t", "k");
    REQUIRE(table.find("a.example", "t") != nullptr);
    CHECK(table.find("a.example", "t")->on_fetched.empty()); // whose order has ended is not known
    table.remove("a.example", "t", "k");
    CHECK(table.find("a.example", "t") == nullptr);
    table.remove("a.example", "t", "k");
    table.remove("never", "t", "k");
    CHECK(table.size() == 0);
}

TEST_CASE("Two accounts with one token: the newest answers, and each removes its own") {
    token_table table;
    table.put("a.example", "t", "t.one", {});
    table.put("a.example", "t", "t.two", {});
    CHECK(table.find("a.example", "t")->key_authorization == "t.two");
    table.remove("a.example", "t", "t.three");
    table.remove("a.example", "t", "t.two");
    CHECK(table.find("a.example", "t")->key_authorization == "t.one");
    table.remove("a.example", "t", "t.one");
    CHECK(table.find("a.example", "t") == nullptr);
}
