#include "tests/solvers/http01/malformed_parts.hpp"

#include <fmt/format.h>

namespace evercert::testing::malformed {

using namespace std::string_literals;

void add_strangers(collection& to) {
    to.add("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"s);
    to.add("HTTP/0.9", "GET " + path + "\r\n\r\n");
    to.add("TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"s + std::string(500, 'r'));
    to.add("TLS alert", "\x15\x03\x03\0\x02\x02\x28"s);
    to.add("SSL 2", "\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10"s);
    to.add("QUIC", "\xc3\0\0\0\x01\x08"s);
    to.add("SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    to.add("SMTP", "EHLO a.example\r\n\r\n");
    to.add("FTP", "USER anonymous\r\n\r\n");
    to.add("IMAP", "a1 LOGIN a b\r\n\r\n");
    to.add("IRC", "NICK x\r\nUSER x 0 * :x\r\n\r\n");
    to.add("SIP", "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP b\r\n\r\n");
    to.add("RTSP", "OPTIONS rtsp://a/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    to.add("PROXY 1", "PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n" + good);
    to.add("PROXY 2", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + std::string(12, '\1') + good);
    to.add("SOCKS 4", "\4\1\0\x50\1\2\3\4\0"s);
    to.add("SOCKS 5", "\5\1\0"s);
    to.add("RDP", "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"s);
    to.add("SMB", "\0\0\0\x54\xffSMBr"s);
    to.add("PostgreSQL", "\0\0\0\x08\x04\xd2\x16\x2f"s);
    to.add("Redis", "*1\r\n$4\r\nPING\r\n\r\n");
    to.add("memcached", "stats items slabs\r\n\r\n");
    to.add("DNS", "\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\7example\0\0\x10\0\1"s);
    to.add("telnet", "\xff\xfd\x03\xff\xfb\x18");
    to.add("gzip", "\x1f\x8b\x08\0\0\0\0\0"s);
    to.add("JSON", "{\"a\": 1}\r\n\r\n");
    to.add("XML", "<?xml version='1.0'?>\r\n\r\n");
    to.add("shell", "() { :;}; echo x\r\n\r\n");
    to.add("an answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    to.add("words", "hello there world of HTTP/1.1x\r\n\r\n");
    to.add("lines", repeated("\r\n", 5000));
    for (const char c : "\0\1\n\r \xff"s) {
        to.add("bytes", std::string(3000, c));
    }
    const std::string absent = "GET /x HTTP/1.1\r\n" + host + "\r\n";
    for (const char* rest : {"\r\r", "\n", "garbage\r\n\r\n", " ", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01",
                             "0\r\n\r\n", "}{\r\n\r\n"}) {
        to.add("garbage behind", absent + rest);
        to.add("a token behind garbage", rest + good);
    }
    to.add("a token behind a body", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello" + good);
    to.add("a token in a body",
           "POST /x HTTP/1.1\r\n" + host + fmt::format("Content-Length: {}\r\n\r\n", good.size()) + good);
    to.add("a token behind two lengths",
           "GET /x HTTP/1.1\r\n" + host + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello" + good);
    to.add("a token in a chunk",
           "POST /x HTTP/1.1\r\n" + host + in_chunks + fmt::format("\r\n{:x}\r\n", good.size()) + good);
}

} // namespace evercert::testing::malformed
