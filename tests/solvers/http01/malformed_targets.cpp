#include "tests/solvers/http01/malformed_parts.hpp"

namespace evercert::testing::malformed {

using namespace std::string_literals;

void add_targets(collection& to) {
    for (const char* each : {"http:/a.example",
                             "http:",
                             "http://",
                             "http:///",
                             "ftp://a.example",
                             "file://a.example",
                             "ws://a.example",
                             "http://u@a.example",
                             "http://u:p@a.example",
                             "http://a.example:99999",
                             "http://a.example:x",
                             "http://a.example:0",
                             "http://[::1",
                             "http://a..example",
                             "http://a.example\\@b.example",
                             "http://b.example",
                             "http://a.example.b.example",
                             "http://%61.example",
                             "http//a.example",
                             "://a.example",
                             "//a.example",
                             "a.example",
                             "a.example:80",
                             ".",
                             "*",
                             "?",
                             "#",
                             "http:// a.example",
                             "HTTP:a.example",
                             "javascript:",
                             "urn:x:"}) {
        to.target(each + path);
    }
    for (const char* each : {"*", "?", "#", "/", "//", "/?", "x", "a.example:80", "http://a.example", "/.",
                             "/..", "/%", "/%00", "~", "/*"}) {
        to.target(each);
    }
    const std::string folder = path.substr(0, path.size() - 1);
    for (const char* each : {"%74",
                             "%54",
                             "T",
                             "/t",
                             "./t",
                             "../t",
                             "../acme-challenge/t",
                             "%2e/t",
                             "%2e%2e/t",
                             "..%2ft",
                             "%2ft",
                             "t/",
                             "t/.",
                             "t/..",
                             "t//",
                             "t%00",
                             "t%",
                             "t%2",
                             "t%zz",
                             "t%20",
                             "t;x",
                             "t?x",
                             "t?x=y",
                             "t??",
                             "t#",
                             "t#x",
                             "t.",
                             "t.txt",
                             "t.thumbprint",
                             "t~",
                             "t\\",
                             "..\\t",
                             "\\t",
                             "t,t",
                             "t:t",
                             "*",
                             ":t",
                             "t'",
                             "t\"",
                             "t<",
                             "t|",
                             "t`",
                             "t{",
                             "t^",
                             "",
                             ".",
                             "..",
                             "%c0%ae%c0%ae/t",
                             "%u0074",
                             "t\xc3\xa9",
                             "\xe2\x81\x84t",
                             "t t",
                             "t\tt",
                             "t&t",
                             "t=",
                             "t+",
                             "t@b.example",
                             "tt",
                             "T/",
                             "%25%37%34"}) {
        to.target(folder + each);
    }
    for (const char* each : {"/.well-known/../.well-known/acme-challenge/t",
                             "/.well-known//acme-challenge/t",
                             "//.well-known/acme-challenge/t",
                             "/./.well-known/acme-challenge/t",
                             "/x/../.well-known/acme-challenge/t",
                             "/.Well-Known/acme-challenge/t",
                             "/.well-known/ACME-challenge/t",
                             "/%2ewell-known/acme-challenge/t",
                             "/.well-known%2facme-challenge/t",
                             "/.well-known/acme-challenge%2ft",
                             "/.well-known\\acme-challenge\\t",
                             "/.well-known/acme-challenget",
                             "/.well-known/acme-challenge",
                             "/.well-known/acme-challenge/",
                             "/.well-known/acme-challenge?t",
                             "/.well-known;x/acme-challenge/t",
                             "/.well-known/acme-challenge;x/t",
                             "/.well-known/acme-challenge/../../etc/passwd",
                             "/../../../../etc/passwd",
                             "/.well-known/acme-challenge/..%2f..%2f..%2fetc%2fpasswd",
                             "/t",
                             "/acme-challenge/t"}) {
        to.target(each);
    }
    for (const std::size_t size : {4000U, 8192U, 16384U, 70000U}) {
        to.target(folder + std::string(size, 't'));
        to.target(path + "?" + std::string(size, 'x'));
        to.target("/" + repeated("../", size / 3));
    }
    to.add("endless target", "GET /" + std::string(40000, 'x'));
    to.add("two targets", "GET " + path + " " + path + " HTTP/1.1\r\n" + host + "\r\n");
}

} // namespace evercert::testing::malformed
