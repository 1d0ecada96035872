#include "daemon/passed_sockets.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <fmt/format.h>

#include <unistd.h>

using namespace evercert;
using daemon::passed_sockets;
using daemon::traffic;

namespace {

using ports = std::vector<std::uint16_t>;

/// What systemd would have passed, and at which ports it really is.
struct passed {
    std::uint16_t stream(const std::string& name) {
        asio::ip::tcp::acceptor made(loop, {asio::ip::address_v4::loopback(), 0});
        const auto port = made.local_endpoint().port();
        all.push_back({name, made.release()});
        return port;
    }
    std::uint16_t datagram(const std::string& name) {
        asio::ip::udp::socket made(loop, {asio::ip::address_v4::loopback(), 0});
        const auto port = made.local_endpoint().port();
        all.push_back({name, made.release()});
        return port;
    }

    asio::io_context loop;
    std::vector<systemd::passed_descriptor> all;
};

std::vector<endpoint> at(const ports& wanted) {
    std::vector<endpoint> all;
    for (const std::uint16_t each : wanted) {
        all.push_back({"::", each});
    }
    return all;
}

/// As text, and closed: "passed PORT" or an address.
std::vector<std::string> places(const passed_sockets& sockets, const std::string& challenge,
                                const ports& configured) {
    std::vector<std::string> told;
    for (const net::listen_address& each : sockets.places(challenge, at(configured))) {
        if (const auto* from = std::get_if<net::passed_socket>(&each)) {
            told.push_back(fmt::format("passed {}", net::look_at(*from).port));
            ::close(from->descriptor);
        } else {
            told.push_back(to_string(std::get<endpoint>(each)));
        }
    }
    return told;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("A passed socket goes to the challenge that listens at its port, not to the first that asks") {
    passed from;
    const auto http = from.stream("evercertd.socket");
    const auto alpn = from.stream("evercertd.socket");
    passed_sockets sockets(std::move(from.all));
    sockets.share_out({{"alpn", at({alpn}), traffic::streams}, {"http", at({http}), traffic::streams}});
    CHECK(places(sockets, "alpn", {alpn}) == texts{fmt::format("passed {}", alpn)});
    CHECK(places(sockets, "http", {http}) == texts{fmt::format("passed {}", http)});
    CHECK(sockets.idle().empty());
}

TEST_CASE("A name decides before a port, and a nameless socket at an unknown port serves who has none") {
    passed from;
    const auto named = from.stream("web");
    const auto nameless = from.stream("unknown");
    passed_sockets sockets(std::move(from.all));
    sockets.share_out({{"one", at({named}), traffic::streams}, {"web", at({80}), traffic::streams}});
    CHECK(places(sockets, "web", {80}) == texts{fmt::format("passed {}", named)});
    CHECK(places(sockets, "one", {named}) == texts{fmt::format("passed {}", nameless)});
}

TEST_CASE("Configured ports that no passed socket stands for are opened beside it") {
    passed from;
    const auto port = from.stream("evercertd.socket");
    passed_sockets sockets(std::move(from.all));
    sockets.share_out({{"http", at({port, 8080}), traffic::streams}});
    CHECK(places(sockets, "http", {port, 8080}) == texts{fmt::format("passed {}", port), "[::]:8080"});
    CHECK(places(sockets, "other", {8081}) == texts{"[::]:8081"});
}

TEST_CASE("Datagrams are for name servers, which take what has their port and nothing else") {
    passed from;
    const auto udp = from.datagram("evercertd.socket");
    const auto tcp = from.stream("evercertd.socket");
    passed_sockets sockets(std::move(from.all));
    sockets.share_out({{"dns", at({udp}), traffic::dns}, {"http", at({udp}), traffic::streams}});
    CHECK(places(sockets, "dns", {udp}) == texts{fmt::format("passed {}", udp)});
    CHECK(places(sockets, "http", {udp}) == texts{fmt::format("passed {}", tcp)});
}

TEST_CASE("What nobody wants is told, and a challenge that is made anew gets its socket again") {
    passed from;
    const auto port = from.stream("evercertd.socket");
    passed_sockets sockets(std::move(from.all));
    CHECK(sockets.idle() == texts{fmt::format("127.0.0.1:{}", port)});
    sockets.share_out({{"dns", at({53}), traffic::dns}});
    CHECK(sockets.idle().size() == 1);
    const std::vector<daemon::socket_demand> http{{"http", at({port}), traffic::streams}};
    sockets.share_out(http);
    CHECK(sockets.idle().empty());
    sockets.share_out({{"later", at({port}), traffic::streams}});
    CHECK(places(sockets, "later", {port}) == texts{fmt::format("[::]:{}", port)}); // it is in use
    sockets.take_back("http");
    CHECK(sockets.idle().size() == 1);
    sockets.share_out(http);
    CHECK(places(sockets, "http", {port}) == texts{fmt::format("passed {}", port)});
    CHECK(places(sockets, "http", {port}).size() == 1); // as often as it takes
}
