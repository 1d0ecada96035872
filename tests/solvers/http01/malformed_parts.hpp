#pragma once
// What the malformed requests are made of, and the lists of them.
#include "tests/solvers/http01/malformed.hpp"

#include <set>
#include <string_view>

namespace evercert::testing::malformed {

inline const std::string path = "/.well-known/acme-challenge/t";
inline const std::string host = "Host: a.example\r\n";
inline const std::string line = "GET " + path + " HTTP/1.1\r\n";
inline const std::string good = line + host + "\r\n";
inline const std::string in_chunks = "Transfer-Encoding: chunked\r\n";

inline std::string bytes_of(int byte) {
    return std::string(1, static_cast<char>(byte));
}

inline std::string repeated(const std::string& text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

class collection {
public:
    void add(const std::string& what, const std::string& bytes, bool answered = true) {
        if (seen_.insert(bytes).second) {
            all_.push_back({what, bytes, answered});
        }
    }
    void method(const std::string& text) {
        add("method", text + " " + path + " HTTP/1.1\r\n" + host + "\r\n");
    }
    void version(const std::string& text) {
        add("version", "GET " + path + " " + text + "\r\n" + host + "\r\n");
    }
    void target(const std::string& text) { add("target", "GET " + text + " HTTP/1.1\r\n" + host + "\r\n"); }
    void fields(const std::string& text) { add("fields", line + host + text + "\r\n"); }
    void hosts(const std::string& text) { add("host", line + text + "\r\n"); }
    void framed(const std::string& text, const std::string& body) {
        add("framing", line + host + text + "\r\n" + body);
    }
    std::vector<malformed_request> take() { return std::move(all_); }

private:
    std::set<std::string> seen_;
    std::vector<malformed_request> all_;
};

void add_methods(collection& to);
void add_versions(collection& to);
void add_line_endings(collection& to);
void add_controls(collection& to);
void add_fields(collection& to);
void add_hosts(collection& to);
void add_framing(collection& to);
void add_targets(collection& to);
void add_strangers(collection& to);

} // namespace evercert::testing::malformed
