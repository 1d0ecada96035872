#include "core/net/http_server.hpp"
#include "core/net/listen_socket.hpp"
#include "core/net/port_owner.hpp"
#include "core/net/unix_client.hpp"
#include "tests/core/net/fixture.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace evercert;
using namespace evercert::testing;

namespace {

awaitable<net::server_response> hello(net::server_request request) {
    co_return net::server_response(200, request.method + " " + request.path + " by " + request.peer +
                                            (request.peer_uid ? " with uid" : "") + " " + request.body);
}

struct setup {
    setup() {
        net::server_limits limits;
        limits.body_bytes = 100;
        server = net::make_http_server(loop.get_executor(), events, limits, &hello);
    }

    result<void> listen(net::listen_address where) { return server->listen(std::move(where)); }

    /// The client blocks, so the server gets a thread for as long.
    result<http_response> ask(const std::string& path, http_request request) {
        loop.restart();
        std::thread serving([&] { loop.run_for(seconds(10)); });
        auto answer = net::unix_request(path, std::move(request));
        loop.stop();
        serving.join();
        return answer;
    }

    asio::io_context loop;
    recorded_events events;
    temp_folder folder;
    std::unique_ptr<net::http_server> server;
};

std::uint16_t port_of(const std::string& address) {
    return parse_endpoint(address).value().port;
}

} // namespace

TEST_CASE_METHOD(setup, "A Unix socket has its mode before anybody can connect, and tells who asks") {
    const std::string path = folder / "control.sock";
    const mode_t old = ::umask(0);
    const auto open = listen(net::unix_endpoint{path, 0640, ""});
    ::umask(old);
    REQUIRE(open.has_value());
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0640);
    CHECK(server->addresses() == std::vector<std::string>{path});

    http_request request("POST", "/v1/reload");
    request.body = "{}";
    const auto answer = ask(path, request);
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->body == fmt::format("POST /v1/reload by unix uid={} gid={} pid={} with uid {{}}",
                                      ::getuid(), ::getgid(), ::getpid()));
    request.body_limit = 5;
    CHECK(ask(path, request).error().code == errc::too_large);
    server.reset();
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE_METHOD(setup, "A leftover Unix socket is replaced; one in use, or another kind of file, is not") {
    const std::string path = folder / "control.sock";
    {
        asio::local::stream_protocol::acceptor stale(loop, asio::local::stream_protocol::endpoint(path));
    }
    REQUIRE(std::filesystem::exists(path));
    REQUIRE(listen(net::unix_endpoint{path, 0600, ""}).has_value());

    auto second = net::make_http_server(loop.get_executor(), events, {}, &hello);
    const auto busy = second->listen(net::unix_endpoint{path, 0600, ""});
    REQUIRE_FALSE(busy.has_value());
    CHECK(busy.error().code == errc::busy);
    second.reset();
    CHECK(ask(path, {"GET", "/x"}).has_value());

    const std::string file = folder.write("precious", "data");
    const auto exists = listen(net::unix_endpoint{file, 0600, ""});
    REQUIRE_FALSE(exists.has_value());
    CHECK(exists.error().code == errc::exists);
    CHECK(std::filesystem::file_size(file) == 4);
    CHECK(listen(net::unix_endpoint{std::string(200, 'x'), 0600, ""}).error().code == errc::invalid_argument);
    const auto no_group = listen(net::unix_endpoint{folder / "g", 0600, "no-such-group-here"});
    CHECK(no_group.error().message.find("no-such-group-here") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder / "g"));
    CHECK_FALSE(listen(net::unix_endpoint{folder / "no/folder", 0600, ""}).has_value());
}

TEST_CASE_METHOD(setup, "A port that only root may have is refused with what to do under systemd") {
    if (::getuid() != 0) {
        return; // nobody to be instead
    }
    tcp::acceptor holder(loop);
    holder.open(tcp::v4());
    boost::system::error_code taken; // by whatever else runs here
    holder.bind({asio::ip::address_v4::any(), 1021}, taken);
    if (!taken) {
        holder.listen();
    }
    // A resolver of this machine, say, which is in nobody's way at another address.
    tcp::acceptor elsewhere(loop);
    elsewhere.open(tcp::v4());
    elsewhere.bind({asio::ip::address_v4::loopback(), 1023}, taken);
    if (!taken) {
        elsewhere.listen();
    }
    // In a child: this process keeps its rights.
    const pid_t child = ::fork();
    if (child == 0) {
        const bool dropped = ::setresuid(65534, 65534, 65534) == 0;
        const auto says = [&](std::uint16_t port, std::string_view wanted) {
            const auto refused = listen(endpoint{"127.0.0.7", port});
            return !refused && refused.error().message.find(wanted) != std::string::npos;
        };
        const bool well = says(1022, "systemctl edit evercertd.socket") &&
                          says(1022, "ListenStream=127.0.0.7:1022,") &&
                          says(1023, "ListenStream=127.0.0.7:1023,") &&
                          says(53, "ListenDatagram=127.0.0.7:53, ListenStream=127.0.0.7:53,") &&
                          says(1021, "port 1021 is taken by ");
        ::_exit(dropped && well ? 0 : 1);
    }
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE_METHOD(setup, "The command's client says what is wrong with the daemon's socket") {
    const std::string path = folder / "none.sock";
    auto answer = net::unix_request(path, {"GET", "/v1/certificates"});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::not_found);
    CHECK(answer.error().message.find("is evercertd running?") != std::string::npos);
    asio::local::stream_protocol::acceptor silent(loop, asio::local::stream_protocol::endpoint(path));
    http_request slow("GET", "/");
    slow.deadline = milliseconds(50);
    CHECK(net::unix_request(path, slow).error().code == errc::timed_out);
    silent.close();
    answer = net::unix_request(path, {"GET", "/"});
    CHECK(answer.error().code == errc::refused);
    CHECK(net::unix_request(path, {"GET", "/a b"}).error().code == errc::invalid_argument);
    CHECK(net::unix_request(path, {"GET", "/\r\nX: y"}).error().code == errc::invalid_argument);
    CHECK(net::unix_request(path, {"GET", "https://x/"}).error().code == errc::invalid_argument);
}

TEST_CASE_METHOD(setup, "A taken port is reported with who holds it") {
    tcp::acceptor holder(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = holder.local_endpoint().port();
    const auto taken = listen(endpoint{"127.0.0.1", port});
    REQUIRE_FALSE(taken.has_value());
    CHECK(taken.error().code == errc::busy);
    INFO(taken.error().message);
    CHECK(taken.error().message.find(fmt::format("port {} is taken by ", port)) != std::string::npos);
    CHECK(taken.error().message.find(fmt::format("(pid {})", ::getpid())) != std::string::npos);
    CHECK(taken.error().message.find("stop it") != std::string::npos);
    holder.close();
    CHECK(net::port_owner(port).empty());
    CHECK(listen(endpoint{"127.0.0.1", port}).has_value());
}

TEST_CASE_METHOD(setup, "Addresses that cannot be had say so") {
    CHECK(listen(endpoint{"192.0.2.77", 0}).error().message.find("does not have that address") !=
          std::string::npos);
    CHECK(listen(endpoint{"not-an-address", 0}).error().code == errc::invalid_argument);
}

TEST_CASE_METHOD(setup, "[::] answers IPv4 too, and lives beside 0.0.0.0 on the same port in either order") {
    REQUIRE(listen(endpoint{"::", 0}).has_value());
    const auto port = port_of(server->addresses().at(0));
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const tcp::endpoint v4(asio::ip::address_v4::loopback(), port);
    CHECK(run(loop, converse(v4, request)).find("GET / by 127.0.0.1") != std::string::npos);
    CHECK(listen(endpoint{"0.0.0.0", port}).has_value());

    server = net::make_http_server(loop.get_executor(), events, {}, &hello);
    REQUIRE(listen(endpoint{"0.0.0.0", 0}).has_value());
    const auto other = port_of(server->addresses().at(0));
    const auto both = listen(endpoint{"::", other});
    tcp::socket probe(loop);
    boost::system::error_code no_ipv6;
    probe.open(tcp::v6(), no_ipv6);
    if (!no_ipv6 && server->addresses().size() == 2) {
        CHECK(both.has_value());
        const tcp::endpoint v6(asio::ip::address_v6::loopback(), other);
        CHECK(run(loop, converse(v6, request)).find("GET / by ::1") != std::string::npos);
    }
}

TEST_CASE_METHOD(setup, "A passed descriptor is served if it listens, and left alone if not") {
    tcp::acceptor made(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto where = made.local_endpoint();
    const int passed = ::dup(made.native_handle());
    made.close();
    REQUIRE(listen(net::passed_socket{passed}).has_value());
    const auto answer = run(loop, converse(where, "GET /p HTTP/1.0\r\n\r\n"));
    CHECK(answer.find("GET /p by 127.0.0.1") != std::string::npos);
    CHECK(server->addresses().at(0) == fmt::format("127.0.0.1:{}", where.port()));

    const int file = ::open("/dev/null", O_RDONLY);
    const int unbound = ::socket(AF_INET, SOCK_STREAM, 0);
    const int datagram = ::socket(AF_INET, SOCK_DGRAM, 0);
    for (const int fd : {file, unbound, datagram, -1}) {
        const auto refused = listen(net::passed_socket{fd});
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().message.find("listening stream socket") != std::string::npos);
        CHECK((fd < 0 || ::close(fd) == 0)); // still ours
    }
}

TEST_CASE("What a passed descriptor is can be seen without taking it over") {
    asio::io_context loop;
    tcp::acceptor streams(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    asio::ip::udp::socket datagrams(loop, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto tcp_port = streams.local_endpoint().port();
    const auto udp_port = datagrams.local_endpoint().port();
    const auto first = net::look_at(net::passed_socket{streams.native_handle()});
    CHECK(first.address == fmt::format("127.0.0.1:{}", tcp_port));
    CHECK(first.port == tcp_port);
    CHECK_FALSE(first.datagram);
    const auto second = net::look_at(net::passed_socket{datagrams.native_handle()});
    CHECK(second.port == udp_port);
    CHECK(second.datagram);
    const int file = ::open("/dev/null", O_RDONLY);
    CHECK(net::look_at(net::passed_socket{file}).address.empty());
    CHECK(::close(file) == 0);
    CHECK(net::look_at(net::passed_socket{-1}).port == 0);
    CHECK(streams.local_endpoint().port() == tcp_port); // still open
}
