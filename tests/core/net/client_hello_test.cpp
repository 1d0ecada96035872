#include "core/net/client_hello.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tls_client.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace evercert;
using namespace evercert::testing;
using net::tls_alert;

namespace {

std::string number(std::size_t value, std::size_t octets) {
    std::string out;
    while (octets-- > 0) {
        out += static_cast<char>(value >> (8 * octets));
    }
    return out;
}
std::string sized(const std::string& text, std::size_t octets) {
    return number(text.size(), octets) + text;
}
std::string extension(unsigned type, const std::string& content) {
    return number(type, 2) + sized(content, 2);
}
std::string host(const std::string& name) {
    return extension(0, sized(number(0, 1) + sized(name, 2), 2));
}
std::string protocols(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& each : names) {
        list += sized(each, 1);
    }
    return extension(16, sized(list, 2));
}
std::string versions(const std::vector<unsigned>& all) {
    std::string list;
    for (const unsigned each : all) {
        list += number(each, 2);
    }
    return extension(43, sized(list, 1));
}

const std::string random_bytes(32, 'r');
const std::string suites = sized(number(0x1301, 2), 2);
const std::string compression = sized(std::string(1, '\0'), 1);

std::string message(const std::string& body) {
    return number(1, 1) + sized(body, 3);
}
std::string body_with(const std::string& extensions, unsigned version = 0x0303) {
    return number(version, 2) + random_bytes + sized("session", 1) + suites + compression +
           sized(extensions, 2);
}
std::string hello_with(const std::string& extensions, unsigned version = 0x0303) {
    return in_records(message(body_with(extensions, version)), 16384);
}

const std::string good = host("a.example") + protocols({"acme-tls/1"}) + versions({0x0304, 0x0303});

std::optional<tls_alert> refusal_of(const std::string& raw) {
    const auto read = net::read_client_hello(raw);
    CHECK_FALSE(read.hello.has_value());
    return read.refusal;
}

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

} // namespace

TEST_CASE("What a ClientHello asks for") {
    struct row {
        std::string raw;
        std::string name;
        std::vector<std::string> protocols;
        unsigned newest;
    };
    const std::vector<row> rows = {
        {hello_with(good), "a.example", {"acme-tls/1"}, 0x0304},
        {hello_with(host("A.eXample") + protocols({"h2", "http/1.1"})),
         "a.example",
         {"h2", "http/1.1"},
         0x0303},
        {hello_with(protocols({"acme-tls/1"})), "", {"acme-tls/1"}, 0x0303},
        {hello_with(host("a.example")), "a.example", {}, 0x0303},
        {hello_with(""), "", {}, 0x0303},
        {hello_with("", 0x0301), "", {}, 0x0301},
        {hello_with("", 0x0300), "", {}, 0},
        {hello_with("", 0x0309), "", {}, 0x0303},
        {hello_with(versions({0x0302})), "", {}, 0x0302},
        {hello_with(versions({0x3a3a, 0x0303, 0x0301})), "", {}, 0x0303}, // GREASE
        {hello_with(versions({0x3a3a, 0x7f1c})), "", {}, 0},
        {hello_with(extension(0x0a0a, "") + good + extension(0x1234, "xyz")),
         "a.example",
         {"acme-tls/1"},
         0x0304},
        {hello_with(protocols({std::string(255, 'p'), "x"})), "", {std::string(255, 'p'), "x"}, 0x0303},
        {hello_with(host(std::string(255, 'n'))), std::string(255, 'n'), {}, 0x0303},
        {hello_with(host("\xff\x01")), "\xff\x01", {}, 0x0303},
        // without any extensions
        {in_records(message(number(0x0303, 2) + random_bytes + sized("", 1) + suites + compression), 16384),
         "",
         {},
         0x0303},
    };
    for (const auto& r : rows) {
        CAPTURE(r.raw, r.name, r.newest);
        const auto read = net::read_client_hello(r.raw);
        CHECK_FALSE(read.refusal.has_value());
        REQUIRE(read.hello.has_value());
        CHECK(read.hello->server_name == r.name);
        CHECK(read.hello->newest_version == r.newest);
        CHECK(read.hello->protocols == r.protocols);
    }
}

TEST_CASE("What OpenSSL sends is read as it was meant, whole or in records of any size") {
    tls_plan plan("Www.Example.Com");
    for (const std::uint16_t newest : {0x0301, 0x0303, 0x0304}) {
        plan.oldest = 0x0301;
        plan.newest = newest;
        const auto raw = client_hello_of(plan);
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4}, std::size_t{100}}) {
            CAPTURE(newest, size);
            const auto sent = size == 0 ? raw : in_records(std::string_view(raw).substr(5), size);
            const auto read = net::read_client_hello(sent + "and what follows");
            REQUIRE(read.hello.has_value());
            CHECK(read.hello->server_name == "www.example.com");
            CHECK(read.hello->protocols == std::vector<std::string>{"acme-tls/1"});
            CHECK(read.hello->newest_version == newest);
            for (std::size_t cut = 0; cut < sent.size(); ++cut) {
                const auto part = net::read_client_hello(std::string_view(sent).substr(0, cut));
                if (part.hello || part.refusal) {
                    FAIL("decided after " << cut << " of " << sent.size() << " bytes");
                }
            }
        }
    }
}

TEST_CASE("What is no ClientHello is refused at the first byte that says so") {
    struct row {
        std::string raw;
        std::size_t enough; ///< bytes after which it is clear
        tls_alert why;
    };
    const std::string flooded =
        in_records(number(1, 1) + number(16000, 3), 4) + in_records(std::string(5000, 'x'), 1);
    const std::vector<row> rows = {
        {"GET / HTTP/1.1\r\n\r\n", 1, tls_alert::unexpected_message},
        {std::string("\x80\x2e\x01\x03\x01", 5), 1, tls_alert::unexpected_message}, // SSL 2
        {std::string("\0\0\0", 3), 1, tls_alert::unexpected_message},
        {"\x15\x03\x01", 1, tls_alert::unexpected_message}, // an alert
        {"\x17\x03\x03", 1, tls_alert::unexpected_message}, // data
        {"\x16\x02\x00", 2, tls_alert::protocol_version},
        {"\x16\xfe\xff", 2, tls_alert::protocol_version}, // DTLS
        {std::string("\x16\x03\x01\0\0", 5), 5, tls_alert::unexpected_message},
        {std::string("\x16\x03\x01\x40\x01", 5), 5, tls_alert::record_overflow},
        {std::string("\x16\x03\x01\0\x04\x02", 6), 6, tls_alert::unexpected_message}, // ServerHello
        {std::string("\x16\x03\x01\0\x04\x01\0\x3f\xfd", 9), 9, tls_alert::decode_error},
        {std::string("\x16\x03\x01\0\x04\x01\xff\xff\xff", 9), 9, tls_alert::decode_error},
        {std::string("\x16\x03\x01\0\x04\x01\0\0\0", 9), 9, tls_alert::decode_error},
        {std::string("\x16\x03\x01\0\x01\x01\x15", 7), 7, tls_alert::unexpected_message},
        {flooded, net::longest_hello_records, tls_alert::decode_error},
    };
    for (const auto& r : rows) {
        CAPTURE(r.raw.substr(0, 40), r.enough);
        CHECK(refusal_of(r.raw) == r.why);
        CHECK(refusal_of(r.raw.substr(0, r.enough)) == r.why);
        CHECK_FALSE(refusal_of(r.raw.substr(0, r.enough - 1)).has_value());
    }
}

TEST_CASE("A ClientHello with a field that does not fit is refused") {
    const auto raw = [](const std::string& body) { return in_records(message(body), 16384); };
    const std::string fixed = number(0x0303, 2) + random_bytes;
    struct row {
        std::string raw;
        tls_alert why;
    };
    const std::vector<row> rows = {
        {raw(""), tls_alert::decode_error},
        {raw(fixed), tls_alert::decode_error},
        {raw(fixed + sized(std::string(33, 's'), 1) + suites + compression), tls_alert::decode_error},
        {raw(fixed + sized("", 1) + sized("", 2) + compression), tls_alert::decode_error},
        {raw(fixed + sized("", 1) + sized("abc", 2) + compression), tls_alert::decode_error},
        {raw(fixed + sized("", 1) + suites + sized("", 1)), tls_alert::decode_error},
        {raw(body_with(good) + "x"), tls_alert::decode_error},
        {raw(fixed + sized("", 1) + suites + compression + number(5, 2) + "abcd"), tls_alert::decode_error},
        {raw(fixed + sized("", 1) + suites + compression + number(1, 1)), tls_alert::decode_error},
        {hello_with(number(0, 2)), tls_alert::decode_error},
        {hello_with(number(0, 2) + number(9, 2) + "abc"), tls_alert::decode_error},
        {hello_with(extension(0, "")), tls_alert::decode_error},
        {hello_with(extension(0, sized("", 2))), tls_alert::decode_error},
        {hello_with(extension(0, sized(number(1, 1) + sized("a.example", 2), 2))), tls_alert::decode_error},
        {hello_with(extension(0, sized(number(0, 1) + sized("a", 2) + number(0, 1) + sized("b", 2), 2))),
         tls_alert::decode_error},
        {hello_with(extension(0, sized(number(0, 1) + sized("a", 2), 2) + "x")), tls_alert::decode_error},
        {hello_with(host("")), tls_alert::unrecognized_name},
        {hello_with(host(std::string("a\0b", 3))), tls_alert::unrecognized_name},
        {hello_with(host(std::string(256, 'n'))), tls_alert::unrecognized_name},
        {hello_with(host(std::string(16000, 'n'))), tls_alert::unrecognized_name},
        {hello_with(protocols({})), tls_alert::decode_error},
        {hello_with(protocols({""})), tls_alert::decode_error},
        {hello_with(protocols({"acme-tls/1", ""})), tls_alert::decode_error},
        {hello_with(extension(16, sized("\x05"
                                        "abc",
                                        2))),
         tls_alert::decode_error},
        {hello_with(extension(16, sized("\x01"
                                        "a",
                                        2) +
                                      "x")),
         tls_alert::decode_error},
        {hello_with(versions({})), tls_alert::decode_error},
        {hello_with(extension(43, sized("abc", 1))), tls_alert::decode_error},
        {hello_with(extension(43, sized("ab", 1) + "x")), tls_alert::decode_error},
        {hello_with(good + host("a.example")), tls_alert::illegal_parameter},
        {hello_with(protocols({"acme-tls/1"}) + good), tls_alert::illegal_parameter},
        {hello_with(good + versions({0x0304})), tls_alert::illegal_parameter},
    };
    for (const auto& r : rows) {
        CAPTURE(r.raw.substr(0, 200));
        CHECK(refusal_of(r.raw) == r.why);
    }
}

TEST_CASE("Every byte of a good ClientHello may be anything, and every length may lie") {
    const std::string raw = hello_with(good);
    for (std::size_t at = 0; at < raw.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            std::string bent = raw;
            bent[at] = static_cast<char>(value);
            const auto read = net::read_client_hello(bent);
            if (read.hello && read.refusal) {
                FAIL("both at " << at);
            }
        }
    }
    for (std::size_t size = 0; size < raw.size(); ++size) {
        // A hello cut short, with all its outer lengths put right.
        const auto body = message(body_with(good)).substr(4, size);
        net::read_client_hello(in_records(message(body), 16384));
    }
}

TEST_CASE("An alert is a record of the version that the client can read") {
    using namespace std::string_literals;
    CHECK(net::alert_record(tls_alert::unrecognized_name, 0x0303) == "\x15\x03\x03\0\x02\x02\x70"s);
    CHECK(net::alert_record(tls_alert::protocol_version, 0x0301) == "\x15\x03\x01\0\x02\x02\x46"s);
    CHECK(net::alert_record(tls_alert::no_application_protocol, 0x0399) == "\x15\x03\x03\0\x02\x02\x78"s);
    CHECK(net::alert_record(tls_alert::decode_error, 0) == "\x15\x03\x01\0\x02\x02\x32"s);
    CHECK(net::to_string(tls_alert::no_application_protocol) == "no_application_protocol");
}

TEST_CASE("What the fuzzer started from is read") {
    std::size_t hellos = 0;
    const auto folder = std::filesystem::path(EVERCERT_TEST_DATA) / "../../fuzz/corpus/client_hello";
    for (const auto& seed : std::filesystem::directory_iterator(folder)) {
        CAPTURE(seed.path().filename().string());
        const auto raw = contents(seed.path());
        REQUIRE_FALSE(raw.empty());
        const auto read = net::read_client_hello(raw);
        CHECK((read.hello.has_value() || read.refusal.has_value()));
        hellos += read.hello ? 1U : 0U;
    }
    CHECK(hellos >= 3);
}
