// Headers, URLs and nonces: the small parsers.
#include "core/acme/link_header.hpp"
#include "core/acme/nonce_pool.hpp"
#include "core/acme/retry_after.hpp"
#include "core/acme/url_policy.hpp"
#include "tests/support/catch.hpp"

#include <optional>

using namespace evercert;
using namespace evercert::acme;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

} // namespace

TEST_CASE("Retry-After") {
    const auto day = std::optional<milliseconds>(std::chrono::hours(24));
    CHECK(parse_retry_after("0", now) == milliseconds(0));
    CHECK(parse_retry_after("120", now) == seconds(120));
    CHECK(parse_retry_after(" 7 ", now) == seconds(7));
    CHECK(parse_retry_after("86400", now) == day);
    CHECK(parse_retry_after("86401", now) == day);
    CHECK(parse_retry_after("1000000000000000000", now) == day);
    CHECK(parse_retry_after("99999999999999999999999999999999999999999999999999999999", now) == day);
    CHECK(parse_retry_after("Sat, 21 Nov 2026 00:01:00 GMT", now) == seconds(60));
    CHECK(parse_retry_after("Saturday, 21-Nov-26 00:01:00 GMT", now) == seconds(60));
    CHECK(parse_retry_after("Sat Nov 21 00:01:00 2026", now) == seconds(60));
    CHECK(parse_retry_after("Fri, 20 Nov 2026 00:00:00 GMT", now) == milliseconds(0));
    CHECK(parse_retry_after("Wed, 01 Jan 2098 00:00:00 GMT", now) == day);
    const std::string megabyte(1024 * 1024, '9');
    for (const std::string_view junk :
         {std::string_view(""), std::string_view("-1"), std::string_view("+1"), std::string_view("1.5"),
          std::string_view("1e3"), std::string_view("soon"), std::string_view("0x10"),
          std::string_view("1 2"), std::string_view(megabyte)}) {
        CAPTURE(junk.substr(0, 20));
        CHECK_FALSE(parse_retry_after(junk, now));
    }
}

TEST_CASE("Link") {
    const std::string base = "https://ca.example/acme/cert/7";
    const auto alternates = [&](std::vector<std::string_view> fields) {
        return links_of(fields, "alternate", base);
    };
    using list = std::vector<std::string>;
    CHECK(alternates({"<https://ca.example/a>;rel=\"alternate\""}) == list{"https://ca.example/a"});
    CHECK(alternates({"<https://ca.example/a>;rel=alternate", "<https://ca.example/b>; rel=\"alternate\""}) ==
          list{"https://ca.example/a", "https://ca.example/b"});
    CHECK(alternates({"<https://ca.example/d>;rel=\"index\", </alt/1>; title=\"x, <y>; rel=alternate\" ; "
                      "rel=\"up alternate\""}) == list{"https://ca.example/alt/1"});
    CHECK(alternates({"<7/alternate/1>;REL=\"Alternate\""}) ==
          list{"https://ca.example/acme/cert/7/alternate/1"});
    CHECK(alternates({"<a>; rel=up; rel=alternate"}).empty());
    CHECK(alternates({"<a>; x=\"q\\\"; rel=alternate\"; rel=\"next\""}).empty());
    CHECK(
        alternates({"", "<", "<a", "<a>", "<a>;", "<a>; rel", "<a>; rel=", ",,,;;;", "<a>; rel=\"alternate"})
            .size() == 1);
    CHECK(links_of(std::vector<std::string_view>(50, "<a>;rel=alternate"), "alternate", base, 10).size() ==
          10);
    const std::string deep(1024 * 1024, '<');
    CHECK(alternates({deep}).empty());
}

TEST_CASE("relative references") {
    const std::string base = "https://ca.example:14000/a/b?q=1";
    CHECK(resolve_url(base, "https://x.example/") == "https://x.example/");
    CHECK(resolve_url(base, "//x.example/y") == "https://x.example/y");
    CHECK(resolve_url(base, "/y") == "https://ca.example:14000/y");
    CHECK(resolve_url(base, "y") == "https://ca.example:14000/a/y");
    CHECK(resolve_url("https://ca.example", "y") == "https://ca.example/y");
    CHECK(resolve_url("https://ca.example", "/y") == "https://ca.example/y");
    CHECK(resolve_url(base, "") == "https://ca.example:14000/a/b");
    CHECK(resolve_url("", "y") == "/y");
}

TEST_CASE("URLs of a CA") {
    const std::string directory = "https://localhost:14000/dir";
    for (const std::string_view good : {"https://localhost:14000/my-order/1", "HTTPS://LOCALHOST:14000/x",
                                        "https://acme.example.com/x?y=z&a=%20",
                                        "https://acme.example.com:8443", "https://xn--bcher-kva.example/"}) {
        CAPTURE(good);
        CHECK(accept_url(good, directory).value_or("") == good);
    }
    for (const std::string_view bad :
         {"https://localhost/x", "https://localhost:15000/x", "http://localhost:14000/x",
          "https://127.0.0.1:14000/x", "https://intranet/x", "https://printer.localhost/", "https://10.1/",
          "https://1.2.3.4./x", "https://[fd00::1]/x", "https://a@acme.example.com/",
          "https://acme.example.com:0/", "https://acme.example.com:x/", "https://acme.example.com/#f",
          "https://acme.exa mple.com/", "https:///x", "https:/acme.example.com", "x", ""}) {
        CAPTURE(bad);
        const auto url = accept_url(bad, directory);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == errc::protocol);
    }
    CHECK(accept_url("https://[::1]:14000/x", "https://[::1]:14000/dir"));
    CHECK(accept_url("https://ca.example:443/x", "https://ca.example/dir"));
    CHECK(accept_url("https://10.0.0.9/x", "https://10.0.0.9/dir"));
}

TEST_CASE("the nonce pool") {
    nonce_pool pool(3, std::chrono::minutes(5));
    const steady_time begin{std::chrono::hours(1)};
    CHECK_FALSE(pool.take(begin));
    for (const std::string_view bad : {"", "a b", "a=", "a+b", "a/b", "a\r\n"}) {
        CHECK_FALSE(pool.put(bad, begin));
    }
    CHECK_FALSE(pool.put(std::string(2000, 'a'), begin));
    for (const std::string_view good : {"n1", "n2", "n3", "n-_4"}) {
        CHECK(pool.put(good, begin));
    }
    CHECK(pool.size() == 3); // n1 had to go
    CHECK(pool.take(begin) == "n-_4");
    CHECK(pool.put("young", begin + std::chrono::minutes(4)));
    CHECK(pool.take(begin + std::chrono::minutes(6)) == "young");
    CHECK_FALSE(pool.take(begin + std::chrono::minutes(6))); // too old
}
