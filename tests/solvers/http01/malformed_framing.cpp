#include "tests/solvers/http01/malformed_parts.hpp"

namespace evercert::testing::malformed {

using namespace std::string_literals;

void add_framing(collection& to) {
    for (const char* each : {"1",
                             "5",
                             "05",
                             "+5",
                             "-5",
                             "+0",
                             "-0",
                             "0x5",
                             "5 5",
                             "5,5",
                             "5, 5",
                             "0, 0",
                             "0 0",
                             "five",
                             "",
                             " ",
                             "5.0",
                             "1e3",
                             "\"5\"",
                             "5;",
                             "18446744073709551616",
                             "9223372036854775808",
                             "4294967297",
                             "99999999999999999999999999",
                             "00000000000000000000",
                             "\xef\xbc\x95"}) {
        to.framed("Content-Length: "s + each + "\r\n", "12345");
    }
    for (const char* each :
         {"Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
          "Content-Length: 0\r\nContent-Length: 5\r\n", "Content-Length: 0\r\ncontent-length: 0\r\n",
          "Content-Length : 5\r\n", "Content-Length: 0\r\n Content-Length: 5\r\n",
          "Content-Length: 0\r\nTransfer-Encoding: identity\r\n"}) {
        to.framed(each, "12345");
    }
    for (const char* each : {"gzip", "identity", "chunked, chunked", "gzip, chunked", "chunked, identity",
                             "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "chunked,", ",chunked", "",
                             "chunk", "c hunked", "chunked\v",
                             "\x0c"
                             "chunked",
                             "chunked\r\n gzip", "x, chunked", "chun\xc3\xa9"}) {
        to.framed("Transfer-Encoding: "s + each + "\r\n", "0\r\n\r\n");
    }
    for (const std::string& each :
         {in_chunks + "Content-Length: 0\r\n", in_chunks + "Content-Length: 5\r\n",
          "Content-Length: 5\r\n" + in_chunks, in_chunks + in_chunks, "Transfer-Encoding : chunked\r\n"s,
          " Transfer-Encoding: chunked\r\n"s, in_chunks + "Transfer-Encoding: identity\r\n"}) {
        to.framed(each, "0\r\n\r\n" + good);
    }
    to.add("chunks in 1.0", "GET " + path + " HTTP/1.0\r\n" + host + in_chunks + "\r\n0\r\n\r\n");
    for (const char* each : {"z\r\n\r\n",
                             "\r\n",
                             "-1\r\n",
                             "+0\r\n\r\n",
                             "0x0\r\n\r\n",
                             "1\r\nx\r\n0\r\n\r\n",
                             "5\r\nhello\r\n0\r\n\r\n",
                             " 0\r\n\r\n",
                             "ffffffffffffffff\r\nx",
                             "10000000000000000\r\nx",
                             "fffffffffffffffff\r\nx",
                             "g\r\n",
                             "0;\r\n\v\r\n\r\n",
                             "0\r\nX y\r\n\r\n",
                             "0\r\nX : y\r\n\r\n",
                             "1\r\nxy\r\n0\r\n\r\n",
                             "\x80\r\n\r\n",
                             "1 1\r\nx\r\n",
                             "GET / HTTP/1.1\r\n",
                             "0\rx",
                             ";x\r\n\r\n"}) {
        const auto text = std::string_view(each);
        to.add("chunks", line + host + in_chunks + "\r\n" + each, text.size() >= 5); // the shortest body
    }
    for (const char* each : {"0", "0\r", "0\r\n", "0\r\n\r", "0\r\nX", "00\r\n"}) {
        to.add("chunks cut off", line + host + in_chunks + "\r\n" + each, false);
    }
    for (const char* each : {"1\nx\n0\n\n", "0\n\n"}) { // CRLF may still come
        to.add("chunks without CRLF", line + host + in_chunks + "\r\n" + each, false);
    }
    to.framed(in_chunks, "0;" + std::string(30000, 'x'));
    to.framed(in_chunks, "0\r\n" + repeated("X: y\r\n", 6000));
    to.framed(in_chunks, std::string(300, '0') + std::string(30000, '0'));
}

} // namespace evercert::testing::malformed
