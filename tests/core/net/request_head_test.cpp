#include "core/net/request_head.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using net::head_scanner;

namespace {

std::string to_utf(std::string_view bytes) {
    return std::string(bytes);
}

/// Feeds the bytes one by one, as a slow peer does.
head_scanner::state drip(head_scanner& scanner, std::string_view bytes) {
    auto state = head_scanner::state::more;
    for (std::size_t i = 1; i <= bytes.size() && state == head_scanner::state::more; ++i) {
        state = scanner.scan(bytes.substr(0, i));
    }
    return state;
}

} // namespace

TEST_CASE("The end of a head is found, in one piece or byte by byte") {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const auto& [text, leading] : std::vector<std::pair<std::string, std::size_t>>{
             {head, 0}, {"\r\n" + head, 2}, {"\r\n\r\n" + head, 4}}) {
        head_scanner whole;
        CHECK(whole.scan(text + "next") == head_scanner::state::complete);
        CHECK(whole.size() == text.size());
        CHECK(whole.leading() == leading);
        head_scanner slow;
        CHECK(drip(slow, text) == head_scanner::state::complete);
        CHECK(slow.size() == text.size());
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            head_scanner part;
            CHECK(part.scan(text.substr(0, cut)) == head_scanner::state::more);
        }
    }
}

TEST_CASE("What can never become a request ends at its first wrong byte") {
    for (const auto& text : {to_utf("\x16\x03\x01"), to_utf(" GET"), to_utf("GET / HTTP/1.1\n"),
                             to_utf("GET /\rx"), to_utf("\n"), to_utf("\r\n\r\n\r\n"),
                             std::string("GET /\0", 6), to_utf("\r\r"), to_utf("GET / HTTP/1.1\r\nA: b\n")}) {
        head_scanner scanner;
        CHECK(drip(scanner, text) == head_scanner::state::bad);
    }
}

TEST_CASE("Heads that are served, and how they are read") {
    struct row {
        std::string head, method, path, query, host, authority;
        bool keep_alive, has_body;
    };
    const std::vector<row> rows = {
        {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET", "/", "", "a.example", "a.example", true, false},
        {"GET /x?y=z&?? HTTP/1.1\r\nhOsT:A.Example.:80 \t\r\n\r\n", "GET", "/x", "y=z&??", "a.example",
         "A.Example.:80", true, false},
        {"HEAD / HTTP/1.1\r\nHost: [2001:DB8:0:0::1]:5002\r\nConnection: x , CLOSE\r\n\r\n", "HEAD", "/", "",
         "2001:db8::1", "[2001:DB8:0:0::1]:5002", false, false},
        {"GET http://B.example:8080/p?q HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET", "/p", "q", "b.example",
         "B.example:8080", true, false},
        {"GET HTTPS://b.example HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "", "b.example", "b.example", true,
         false},
        {"GET http://b.example?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "q", "b.example", "b.example",
         true, false},
        {"GET / HTTP/1.0\r\n\r\n", "GET", "/", "", "", "", false, false},
        {"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n", "GET", "/",
         "", "a", "a", false, false},
        {"GET / HTTP/1.1\r\nHost: \r\n\r\n", "GET", "/", "", "", "", true, false},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", "", "a", "a", true, false},
        {"brew /pot HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "brew", "/pot", "", "a", "a", true,
         false},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n", "POST", "/", "", "a", "a", true, true},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", "POST", "/", "", "a", "a", true,
         true},
        {"GET /a|b\"<> HTTP/1.1\r\nHost: a\r\nX: \xc3\xbc\tz\r\nEmpty:\r\n\r\n", "GET", "/a|b\"<>", "", "a",
         "a", true, false},
    };
    for (const auto& r : rows) {
        INFO(r.head);
        const auto head = net::parse_request_head(r.head);
        CHECK(head.status == 0);
        CHECK(head.method == r.method);
        CHECK(head.path == r.path);
        CHECK(head.query == r.query);
        CHECK(head.host == r.host);
        CHECK(head.authority == r.authority);
        CHECK(head.keep_alive == r.keep_alive);
        CHECK(head.has_body == r.has_body);
    }
}
