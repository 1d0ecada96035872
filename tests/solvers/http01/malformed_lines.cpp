#include "tests/solvers/http01/malformed_parts.hpp"

namespace evercert::testing::malformed {

using namespace std::string_literals;

void add_methods(collection& to) {
    for (const char* each : {"",
                             "get",
                             "Get",
                             "GEt",
                             " GET",
                             "GE T",
                             "GET\t",
                             "\tGET",
                             "G@T",
                             "GET:",
                             "(GET)",
                             "GET,",
                             "GET/",
                             "\"GET\"",
                             "GET\\",
                             "{GET}",
                             "GET;",
                             "GET=",
                             "[GET]",
                             "<GET>",
                             "GET?",
                             "GETGET",
                             "POST",
                             "PUT",
                             "DELETE",
                             "PATCH",
                             "TRACE",
                             "CONNECT",
                             "OPTIONS",
                             "PRI",
                             "PROPFIND",
                             "_GET",
                             "'GET'",
                             "G\xc3\x89T",
                             "\xef\xbb\xbfGET",
                             "GET HTTP/1.1",
                             "-",
                             "*",
                             "HEAD,GET"}) {
        to.method(each);
    }
    to.method(std::string(9000, 'G'));
}

void add_versions(collection& to) {
    for (const char* each : {"",
                             "HTTP",
                             "HTTP/",
                             "HTTP/1",
                             "HTTP/1.",
                             "HTTP/.1",
                             "HTTP/1.1.1",
                             "HTTP/11",
                             "HTTP/01.1",
                             "HTTP/1.01",
                             "HTTP/1,1",
                             "HTTP/1 .1",
                             "HTTP / 1.1",
                             "http/1.1",
                             "Http/1.1",
                             "HTTP1.1",
                             "HTTP\\1.1",
                             "HTTPS/1.1",
                             "ICAP/1.0",
                             "RTSP/1.0",
                             "SIP/2.0",
                             "HTTP/0.9",
                             "HTTP/2.0",
                             "HTTP/2",
                             "HTTP/3.0",
                             "HTTP/9.9",
                             "HTTP/1.2",
                             "HTTP/1.9",
                             "HTTP/a.b",
                             "HTTP/-1.1",
                             "HTTP/+1.1",
                             "HTTP/1.-1",
                             "HTTP/1.1x",
                             "xHTTP/1.1",
                             "HTTP/1.1 ",
                             " HTTP/1.1",
                             "HTTP/1.1\t",
                             "HTTP/1.1\v",
                             "HTTP/%31.1",
                             "HTTP/1.1 HTTP/1.1",
                             "HTTP/1.1\r",
                             "HTTP/0.0",
                             "HTTP/1:1",
                             "HTTP/1.1;q",
                             "HTTP//1.1",
                             "\"HTTP/1.1\"",
                             "HTTP/\xef\xbc\x91.1"}) {
        to.version(each);
    }
}

void add_line_endings(collection& to) {
    const auto with = [](std::string_view end) {
        std::string out;
        for (const char c : good) {
            out += c == '\n' ? std::string(end) : c == '\r' ? std::string() : std::string(1, c);
        }
        return out;
    };
    for (const char* end : {"\n", "\r", "\n\r", "\r\r\n", "\v", "\f", " \n", "\r\t\n", "\xc2\x85"}) {
        // Without a line's end there is nothing to answer yet.
        to.add("line ends", with(end), std::string_view(end).find_first_of("\r\n") != std::string_view::npos);
    }
    to.add("all folded", with("\r\n "), false); // no empty line comes
    for (const char* lead :
         {" ", "\t", "\n", "\r", "\r\r\n", "\n\n", "\r\n\r\n\r\n", "\r\n \r\n", "\xff\xfe", "\x1b[0m"}) {
        to.add("in front", lead + good);
    }
    for (const char* gap : {"  ", "\t", " \t", "\v", "\f", "\r\n ", "\r\n", "\xc2\xa0", ""}) {
        to.add("gap", "GET" + std::string(gap) + path + " HTTP/1.1\r\n" + host + "\r\n");
        to.add("gap", "GET " + path + gap + "HTTP/1.1\r\n" + host + "\r\n");
    }
    to.add("bare LF in the head", line + "Host: a.example\n\r\n");
    to.add("bare LF ends the head", line + host + "\n");
    to.add("bare CR in the head", line + "X: y\r" + host + "\r\n");
    to.add("bare CR ends the head", line + host + "\r\r");
}

void add_controls(collection& to) {
    for (int byte = 0; byte < 0x20; ++byte) {
        if (byte == '\t' || byte == '\n' || byte == '\r') {
            continue;
        }
        const auto c = bytes_of(byte);
        to.method("GE" + c + "T");
        to.target(path + c);
        to.fields("X" + c + ": y\r\n");
        to.fields("X: " + c + "y\r\n");
        to.hosts("Host: a.example" + c + "\r\n");
    }
    for (const int byte : {0x7f, 0x80, 0xa0, 0xc0, 0xfe, 0xff}) {
        const auto c = bytes_of(byte);
        to.method("GE" + c + "T");
        to.target(path + c);
        to.fields("X" + c + ": y\r\n");
        to.hosts("Host: a.example" + c + "\r\n");
    }
    to.fields("X: y\x7f\r\n");
}

} // namespace evercert::testing::malformed
