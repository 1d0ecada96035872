#include "tests/core/net/fixture.hpp"

#include "tests/support/test_pki.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <cstdlib>

namespace evercert::testing {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

bool run_until(asio::io_context& loop, const std::function<bool()>& done) {
    loop.restart();
    const auto give_up = std::chrono::steady_clock::now() + seconds(10);
    while (!done() && std::chrono::steady_clock::now() < give_up) {
        loop.run_one_for(milliseconds(20));
        if (loop.stopped()) {
            loop.restart();
        }
    }
    return done();
}

void run_for(asio::io_context& loop, milliseconds how_long) {
    loop.restart();
    loop.run_for(how_long);
}

struct test_root::inside {
    authority root = authority::make_root("evercert test root");
};

test_root::test_root() : inside_(std::make_shared<inside>()) {
    root = inside_->root.own().pem();
}

test_root::pair test_root::issue(const std::vector<std::string>& names, bool expired) const {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    certificate_plan plan;
    std::vector<identifier> list;
    for (const auto& name : names) {
        list.push_back(parse_identifier(name, true).value());
    }
    plan.san = to_san(list);
    if (expired) {
        plan.not_after = std::chrono::sys_days(std::chrono::year(2021) / 1 / 1);
    }
    pair out;
    out.chain = inside_->root.issue(key, plan).pem();
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    out.key.resize(static_cast<std::size_t>(BIO_pending(bio)));
    BIO_read(bio, out.key.data(), static_cast<int>(out.key.size()));
    BIO_free(bio);
    EVP_PKEY_free(key);
    return out;
}

std::string ok(const std::string& body, const std::string& extra_headers) {
    return fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n{}", extra_headers, body.size(), body);
}

scripted_server::scripted_server(asio::io_context& loop, std::optional<test_root::pair> identity, script what)
    : loop_(loop)
    , context_(asio::ssl::context::tls_server)
    , tls_(identity.has_value())
    , script_(std::move(what))
    , acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    if (identity) {
        context_.use_certificate_chain(asio::buffer(identity->chain));
        context_.use_private_key(asio::buffer(identity->key), asio::ssl::context::pem);
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(loop_, accept_loop(), asio::detached);
}

scripted_server::~scripted_server() {
    acceptor_.close();
    loop_.restart();
    loop_.run_for(milliseconds(1));
}

std::string scripted_server::url(const std::string& path, const std::string& host) const {
    return fmt::format("{}://{}:{}{}", tls_ ? "https" : "http", host, port_, path);
}

awaitable<void> scripted_server::accept_loop() {
    for (;;) {
        error_code ec;
        auto socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, ec));
        if (ec) {
            co_return;
        }
        asio::co_spawn(loop_, serve(std::move(socket)), asio::detached);
    }
}

namespace {

std::size_t content_length(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 16, nullptr, 10);
}

awaitable<void> pause(milliseconds how_long) {
    asio::steady_timer timer(co_await asio::this_coro::executor, how_long);
    co_await timer.async_wait(use_awaitable);
}

awaitable<void> pump(tcp::socket& from, tcp::socket& to) {
    std::array<char, 4096> space{};
    for (;;) {
        error_code ec;
        const auto n = co_await from.async_read_some(asio::buffer(space), redirect_error(use_awaitable, ec));
        if (ec) {
            co_return;
        }
        co_await asio::async_write(to, asio::buffer(space.data(), n), redirect_error(use_awaitable, ec));
    }
}

} // namespace

awaitable<void> scripted_server::serve(tcp::socket socket) {
    const std::size_t number = connections++;
    socket.set_option(tcp::no_delay(true));
    if (!tls_) {
        co_await answer_all(socket, number);
    } else {
        asio::ssl::stream<tcp::socket> stream(std::move(socket), context_);
        error_code ec;
        co_await stream.async_handshake(asio::ssl::stream_base::server, redirect_error(use_awaitable, ec));
        resumed += !ec && SSL_session_reused(stream.native_handle()) == 1 ? 1 : 0;
        if (!ec) {
            co_await answer_all(stream, number);
        }
    }
    ++ended;
}

template <class Stream>
awaitable<void> scripted_server::answer_all(Stream& stream, std::size_t number) {
    error_code ec;
    std::string buffer;
    for (std::size_t turn = 0; !ec; ++turn) {
        auto n = co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer), "\r\n\r\n",
                                                 redirect_error(use_awaitable, ec));
        if (ec) {
            break;
        }
        n += content_length(buffer.substr(0, n));
        if (buffer.size() < n) {
            co_await asio::async_read(stream, asio::dynamic_buffer(buffer),
                                      asio::transfer_exactly(n - buffer.size()),
                                      redirect_error(use_awaitable, ec));
        }
        requests.push_back(buffer.substr(0, n));
        buffer.erase(0, n);
        const reply what = script_(number, turn);
        if (what.after == reply::then::drip) {
            for (std::size_t i = 0; i < what.bytes.size() && !ec; ++i) {
                co_await asio::async_write(stream, asio::buffer(&what.bytes[i], 1),
                                           redirect_error(use_awaitable, ec));
                co_await pause(milliseconds(20));
            }
            continue;
        }
        do {
            co_await asio::async_write(stream, asio::buffer(what.bytes), redirect_error(use_awaitable, ec));
        } while (!ec && what.after == reply::then::endless);
        if (what.after == reply::then::close) {
            if constexpr (!std::is_same_v<Stream, tcp::socket>) {
                co_await stream.async_shutdown(redirect_error(use_awaitable, ec));
            }
            break;
        }
        if (what.after == reply::then::cut) {
            break;
        }
        if (what.after == reply::then::hang) {
            char byte = 0;
            co_await stream.async_read_some(asio::buffer(&byte, 1), redirect_error(use_awaitable, ec));
            break;
        }
    }
}

scripted_proxy::scripted_proxy(asio::io_context& loop, std::string answer)
    : loop_(loop)
    , answer_(std::move(answer))
    , acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    port = acceptor_.local_endpoint().port();
    asio::co_spawn(loop_, accept_loop(), asio::detached);
}

scripted_proxy::~scripted_proxy() {
    acceptor_.close();
    loop_.restart();
    loop_.run_for(milliseconds(1));
}

awaitable<void> scripted_proxy::accept_loop() {
    for (;;) {
        error_code ec;
        auto socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, ec));
        if (ec) {
            co_return;
        }
        asio::co_spawn(loop_, serve(std::move(socket)), asio::detached);
    }
}

awaitable<void> scripted_proxy::serve(tcp::socket socket) {
    std::string head;
    error_code ec;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n",
                                    redirect_error(use_awaitable, ec));
    requests.push_back(head);
    co_await asio::async_write(socket, asio::buffer(answer_), redirect_error(use_awaitable, ec));
    if (ec || !answer_.starts_with("HTTP/1.1 2")) {
        co_return;
    }
    tcp::socket onward(loop_);
    const tcp::endpoint where(asio::ip::address_v4::loopback(), relay_to);
    co_await onward.async_connect(where, use_awaitable);
    using namespace asio::experimental::awaitable_operators;
    co_await (pump(socket, onward) || pump(onward, socket));
}

awaitable<std::string> converse(tcp::endpoint where, std::string bytes, bool half_close) {
    tcp::socket socket(co_await asio::this_coro::executor);
    error_code ec;
    co_await socket.async_connect(where, redirect_error(use_awaitable, ec));
    if (!ec) {
        co_await asio::async_write(socket, asio::buffer(bytes), redirect_error(use_awaitable, ec));
    }
    if (half_close) {
        socket.shutdown(tcp::socket::shutdown_send, ec);
    }
    std::string out;
    std::array<char, 4096> space{};
    for (;;) {
        const auto n =
            co_await socket.async_read_some(asio::buffer(space), redirect_error(use_awaitable, ec));
        if (ec) {
            co_return out;
        }
        out.append(space.data(), n);
    }
}

std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        ++n;
    }
    return n;
}

} // namespace evercert::testing
