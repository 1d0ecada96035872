#include "tests/solvers/http01/http01_setup.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

bool answers(const std::string& response, const std::string& key_authorization) {
    return response.starts_with("HTTP/1.1 200 ") && response.ends_with("\r\n\r\n" + key_authorization);
}

/// The answer without its Date.
std::string dateless(std::string response) {
    const auto at = response.find("Date: ");
    return at == std::string::npos ? response : response.erase(at, response.find("\r\n", at) - at);
}

} // namespace

TEST_CASE_METHOD(http01_setup, "A token is served from present to clean_up and not a moment longer") {
    REQUIRE(solver->open().has_value());
    CHECK(solver->challenge_type() == "http-01");
    const auto before = get("a.example", "tok");
    CHECK(before.starts_with("HTTP/1.1 404 "));
    REQUIRE(present(task("a.example", "tok")).has_value());
    CHECK(answers(get("a.example", "tok"), "tok.thumbprint"));
    CHECK(dateless(get("a.example", "other")) == dateless(before));
    clean_up(task("a.example", "tok"));
    CHECK(dateless(get("a.example", "tok")) == dateless(before));
}

TEST_CASE_METHOD(http01_setup,
                 "Every way to write the host of a name or address reaches its token, other hosts do not") {
    REQUIRE(solver->open().has_value());
    REQUIRE(present(task("a.example", "t1")).has_value());
    REQUIRE(present(task("*.w.example", "t2")).has_value());
    REQUIRE(present(task("192.0.2.1", "t3")).has_value());
    REQUIRE(present(task("2001:db8::1", "t4")).has_value());
    for (const auto& [host, token] :
         std::vector<std::pair<std::string, std::string>>{{"a.example", "t1"},
                                                          {"A.eXaMpLe", "t1"},
                                                          {"a.example.", "t1"},
                                                          {"A.example.:80", "t1"},
                                                          {"a.example:5002", "t1"},
                                                          {"w.example", "t2"},
                                                          {"192.0.2.1:80", "t3"},
                                                          {"[2001:DB8:0::1]", "t4"},
                                                          {"[2001:db8::1]:80", "t4"}}) {
        INFO(host);
        CHECK(answers(get(host, token), token + ".thumbprint"));
    }
    for (const auto& [host, token] : std::vector<std::pair<std::string, std::string>>{
             {"a.example", "t2"}, {"b.example", "t1"}, {"x.w.example", "t2"}, {"[2001:db8::2]", "t4"}}) {
        INFO(host);
        CHECK(get(host, token).starts_with("HTTP/1.1 404 "));
    }
    CHECK(get("2001:db8::1", "t4").starts_with("HTTP/1.1 400 "));
}

TEST_CASE_METHOD(http01_setup, "HEAD, HTTP/1.0, absolute-form and other methods") {
    REQUIRE(solver->open().has_value());
    REQUIRE(present(task("a.example", "t")).has_value());
    const auto head = ask("HEAD " + folder + "t HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 200 "));
    CHECK(head.find("Content-Length: 12\r\n") != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK(answers(ask("GET " + folder + "t HTTP/1.0\r\nHost: a.example\r\n\r\n"), "t.thumbprint"));
    CHECK(ask("GET " + folder + "t HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
    CHECK(answers(
        ask("GET http://A.example:80" + folder + "t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        "t.thumbprint"));
    CHECK(ask("GET http://x" + folder + "t HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
              .starts_with("HTTP/1.1 404 "));
    const auto put = ask("PUT " + folder + "t HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    CHECK(put.starts_with("HTTP/1.1 405 "));
    CHECK(put.find("Allow: GET, HEAD\r\n") != std::string::npos);
    CHECK(ask("POST " + folder + "t HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\nx")
              .starts_with("HTTP/1.1 413 "));
}

TEST_CASE_METHOD(http01_setup, "Redirects leave challenge paths alone") {
    make({endpoint{"127.0.0.1", 0}}, true);
    REQUIRE(solver->open().has_value());
    REQUIRE(present(task("a.example", "t")).has_value());
    const auto moved = ask("GET /x?y HTTP/1.1\r\nHost: A.example.:80\r\nConnection: close\r\n\r\n");
    CHECK(moved.starts_with("HTTP/1.1 308 "));
    CHECK(moved.find("Location: https://a.example/x?y\r\n") != std::string::npos);
    CHECK(answers(get("a.example", "t"), "t.thumbprint"));
    CHECK(get("a.example", "u").starts_with("HTTP/1.1 404 "));
}

TEST_CASE_METHOD(http01_setup,
                 "Who waits is told of each fetch after the answer went out, and never after clean_up") {
    REQUIRE(solver->open().has_value());
    int told = 0;
    std::string seen_first;
    REQUIRE(present(task("a.example", "t", [&] { ++told; })).has_value());
    CHECK(answers(get("a.example", "t"), "t.thumbprint"));
    CHECK(told == 1);
    get("a.example", "t");
    CHECK(told == 2);
    ask("HEAD " + folder + "t HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    get("a.example", "u");
    get("b.example", "t");
    CHECK(told == 2);

    // The peer has the whole answer at the moment we are told.
    const auto at = parse_endpoint(solver->addresses().at(0)).value();
    tcp::socket peer(loop);
    peer.connect(tcp::endpoint(asio::ip::make_address(at.address), at.port));
    REQUIRE(present(task("c.example", "t", [&] {
                std::array<char, 1000> space{};
                boost::system::error_code ec;
                peer.non_blocking(true);
                const auto n = peer.read_some(asio::buffer(space), ec);
                seen_first.assign(space.data(), n);
            })).has_value());
    peer.send(asio::buffer("GET " + folder + "t HTTP/1.1\r\nHost: c.example\r\n\r\n"));
    loop.restart();
    for (int i = 0; i < 100 && seen_first.empty(); ++i) {
        loop.run_one_for(milliseconds(10));
    }
    CHECK(answers(seen_first, "t.thumbprint"));

    clean_up(task("a.example", "t"));
    get("a.example", "t");
    CHECK(told == 2);
}

TEST_CASE_METHOD(
    http01_setup,
    "While no listener is open present fails with the reason, and works again when the port is free") {
    CHECK(present(task("a.example", "t")).error().message.find("no http-01 listener") != std::string::npos);
    clean_up(task("a.example", "t"));
    tcp::acceptor holder(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = holder.local_endpoint().port();
    make({endpoint{"127.0.0.1", port}});
    const auto taken = solver->open();
    REQUIRE_FALSE(taken.has_value());
    CHECK(taken.error().code == errc::busy);
    CHECK(taken.error().message.find(fmt::format("port {} is taken by", port)) != std::string::npos);
    const auto refused = present(task("a.example", "t"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == taken.error());
    clean_up(task("a.example", "t"));
    holder.close();
    REQUIRE(present(task("a.example", "u")).has_value());
    CHECK(answers(get("a.example", "u"), "u.thumbprint"));
    CHECK(get("a.example", "t").starts_with("HTTP/1.1 404 "));
    CHECK(solver->open().has_value());
}

TEST_CASE_METHOD(http01_setup, "One address of two that cannot be had is reported, the other one works") {
    tcp::acceptor holder(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    make({endpoint{"127.0.0.1", holder.local_endpoint().port()}, endpoint{"127.0.0.1", 0}});
    CHECK(solver->open().error().code == errc::busy);
    REQUIRE(solver->addresses().size() == 1);
    REQUIRE(present(task("a.example", "t")).has_value());
    CHECK(answers(get("a.example", "t"), "t.thumbprint"));
    holder.close();
    CHECK(solver->open().has_value());
    CHECK(solver->addresses().size() == 2);
}

TEST_CASE_METHOD(http01_setup,
                 "close frees the port and open takes it again; no address at all is an error") {
    REQUIRE(solver->open().has_value());
    run(solver->close());
    CHECK(solver->addresses().empty());
    CHECK_FALSE(present(task("a.example", "t")).has_value());
    clean_up(task("a.example", "t"));
    REQUIRE(solver->open().has_value());
    CHECK(get("a.example", "t").starts_with("HTTP/1.1 404 "));
    make({});
    CHECK(solver->open().error().code == errc::invalid_argument);
}
