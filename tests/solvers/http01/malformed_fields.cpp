#include "tests/solvers/http01/malformed_parts.hpp"

namespace evercert::testing::malformed {

using namespace std::string_literals;

void add_fields(collection& to) {
    for (const char c : "(),/;<=>?@[\\]{}\" \t"s) {
        to.fields("X" + bytes_of(c) + "Y: z\r\n");
    }
    for (const char* each :
         {"X\r\n", ": y\r\n", ":\r\n", " : y\r\n", "X : y\r\n", "X\t: y\r\n", " X: y\r\n", "\tX: y\r\n",
          "X: y\r\n z\r\n", "X: y\r\n\tz\r\n", "X: y\r\n \r\n", "X:\r\n y\r\n", "X: y\r\n : z\r\n",
          "GET / HTTP/1.1\r\n", "\xef\xbb\xbfX: y\r\n", "X y\r\n", "X: y\n", "X: y\r", "\rX: y\r\n"}) {
        to.fields(each);
    }
    to.add("folded Host", line + "Host:\r\n a.example\r\n\r\n");
    to.add("folded first line", line + " " + host + "\r\n");
    for (const std::size_t size : {8192U, 12000U, 16384U, 70000U}) {
        to.fields("X: " + std::string(size, 'y') + "\r\n");
        to.fields(std::string(size, 'X') + ": y\r\n");
        to.fields("X:" + std::string(size, ' ') + "\r\n");
    }
    for (const std::size_t count : {1400U, 2000U, 9000U}) {
        to.fields(repeated("X: y\r\n", count));
        to.fields(repeated("A:\r\n", count + 1000));
    }
    to.add("endless field", line + host + "X: " + std::string(40000, 'y'));
    to.add("endless fields", line + host + repeated("X: y\r\n", 5000));
    for (const char* each : {"", "0", "100", "100-continue, x", "200-ok", "\"100-continue\""}) {
        to.fields("Expect: "s + each + "\r\n");
    }
}

void add_hosts(collection& to) {
    for (const char* each :
         {"", "X: y\r\n", "Host : a.example\r\n", "Host\r\n", "Host: a.example\r\nHost: a.example\r\n",
          "Host: a.example\r\nhost: b.example\r\n", "Host: \r\nHost: a.example\r\n", "Hosts: a.example\r\n",
          "X-Host: a.example\r\n", "Host; a.example\r\n"}) {
        to.hosts(each);
    }
    for (const char* each : {"a.example, a.example",
                             "a.example a.example",
                             "u@a.example",
                             "u:p@a.example",
                             "a.example/",
                             "a.example/x",
                             "a.example?x",
                             "a.example#x",
                             "a.example\\x",
                             "http://a.example",
                             "a.example:port",
                             "a.example:65536",
                             "a.example:99999999999",
                             "a.example:-80",
                             "a.example:+80",
                             "a.example:8 0",
                             "a.example:80:80",
                             "a..example",
                             ".a.example",
                             "a.example..",
                             "*.example",
                             "%61.example",
                             "a%2eexample",
                             "[a.example]",
                             "[::1",
                             "::1",
                             "[::1]x",
                             "[]",
                             "[::g]",
                             "[1:2:3:4:5:6:7:8:9]",
                             "\"a.example\"",
                             "'a.example'",
                             "<a.example>",
                             "a.example;x",
                             "a,example",
                             "a.ex\xc3\xa4mple",
                             "b.example",
                             "example",
                             "a.example.b.example",
                             "127.0.0.1",
                             "localhost",
                             "",
                             ":80",
                             "-",
                             "a_example"}) {
        to.hosts("Host: "s + each + "\r\n");
    }
    to.hosts("Host: " + repeated("a.", 200) + "example\r\n");
    to.hosts("Host: " + std::string(64, 'a') + ".example\r\n");
}

} // namespace evercert::testing::malformed
