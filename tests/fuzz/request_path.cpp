// What anybody may send to port 80, from the bytes on a connection to what the challenge responder says:
// nothing but whole HTTP answers, the token's answer only for its own host and path, and the same however the
// bytes are cut.
#include "core/base/text.hpp"
#include "core/net/server_session.hpp"
#include "solvers/http01/responder.hpp"
#include "tests/fuzz/conversation.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace evercert;
using fuzzing::fail_unless;

namespace {

constexpr std::string_view answer = "t0ken.thumbprint-of-the-account";
constexpr std::size_t longest = 20 * 1024; ///< longer than any head that is read

/// What the answers say, and whether one of them is the token's.
struct heard {
    std::vector<unsigned> statuses;
    std::size_t tokens = 0;

    bool operator==(const heard&) const = default;
};

bool is_expected(unsigned status) {
    for (const unsigned each : {100U, 200U, 308U, 400U, 404U, 405U, 413U, 414U, 417U, 431U}) {
        if (status == each) {
            return true;
        }
    }
    return false;
}

std::size_t length_in(std::string_view head) {
    constexpr std::string_view field = "\r\nContent-Length: ";
    const auto at = head.find(field);
    fail_unless(at != std::string_view::npos);
    return std::strtoul(std::string(head.substr(at + field.size())).c_str(), nullptr, 10);
}

/// `asked_for_head`: answers may lack the body that they announce; only statuses are then looked for.
heard listen_to(std::string_view text, bool asked_for_head) {
    heard out;
    while (!text.empty()) {
        fail_unless(text.starts_with("HTTP/1.1 ") && text.size() > 12);
        const auto status =
            static_cast<unsigned>(std::strtoul(std::string(text.substr(9, 3)).c_str(), nullptr, 10));
        fail_unless(is_expected(status));
        const auto end = text.find("\r\n\r\n");
        fail_unless(end != std::string_view::npos);
        const auto head = text.substr(0, end);
        text.remove_prefix(end + 4);
        if (status == 100) {
            continue; // comes or not, as the body is there already or not
        }
        const auto size = length_in(head);
        auto body = text.substr(0, size);
        if (asked_for_head && (body.size() < size || body.starts_with("HTTP/1.1 "))) {
            body = {};
        }
        fail_unless(asked_for_head || body.size() == size);
        fail_unless((status == 200) == (size == answer.size()));
        out.statuses.push_back(status);
        out.tokens += body == answer ? 1 : 0;
        text.remove_prefix(body.size());
    }
    return out;
}

struct stand {
    explicit stand(bool redirect) {
        table.put("a.example", "t0ken", std::string(answer), {});
        net::server_limits limits;
        auto handler = [this, redirect](net::server_request request) -> awaitable<net::server_response> {
            for (const char c : request.path + request.query + request.host) {
                fail_unless(c > ' ' && c != 0x7f);
            }
            co_return solvers::respond(table, redirect, request).response;
        };
        services =
            std::make_shared<net::session_services>(loop.get_executor(), events, limits, std::move(handler));
    }

    std::string ask(std::string_view bytes, std::size_t cut) {
        const auto make = [this](net::socket_server::socket socket) -> std::shared_ptr<net::session> {
            return std::make_shared<net::server_session>(std::move(socket), services, "peer", std::nullopt);
        };
        return fuzzing::converse(loop, make, bytes, cut);
    }

    asio::io_context loop{1};
    fuzzing::no_events events;
    solvers::token_table table;
    std::shared_ptr<net::session_services> services;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static stand plain(false);
    static stand redirecting(true);
    // The first two bytes say where the bytes are cut and what is served.
    if (size < 2 || size > longest) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t cut = bytes.empty() ? 0 : (data[0] | (std::size_t{data[1]} << 8U)) % bytes.size();
    stand& asked = (data[1] & 0x80U) != 0 ? redirecting : plain;
    const bool head = bytes.find("HEAD") != std::string_view::npos;
    const auto whole = listen_to(asked.ask(bytes, bytes.size()), head);
    const auto in_two = listen_to(asked.ask(bytes, cut), head);
    fail_unless(whole == in_two);
    if (whole.tokens > 0) {
        fail_unless(bytes.find("/.well-known/acme-challenge/t0ken") != std::string_view::npos);
        fail_unless(to_lower_ascii(bytes).find("a.example") != std::string::npos);
    }
    return 0;
}
