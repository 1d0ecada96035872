#include "core/net/smtp_client.hpp"

#include "core/base/text.hpp"
#include "core/net/connection.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace evercert::net {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::size_t longest_reply_line = 2048; // 512 by the book
constexpr int most_reply_lines = 64;
constexpr std::size_t longest_line = 998;
constexpr std::size_t kept_words = 1000;

bool plain(std::string_view text) {
    return !text.empty() && text.size() <= 320 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '<' && c != '>'; });
}

result<void> check(const mail_delivery& what) {
    if (!plain(what.our_name) || !plain(what.from) || what.to.empty() ||
        !std::ranges::all_of(what.to, plain)) {
        return fail(errc::invalid_argument, "a mail address or this machine's name cannot be said to a mail "
                                            "server");
    }
    return {};
}

struct reply {
    int code = 0;
    std::string words; ///< foreign text
};

class dialogue {
public:
    dialogue(const asio::any_io_executor& executor, const endpoint& server)
        : link_(executor, nullptr, nullptr), peer_("the mail server " + to_string(server)) {}

    awaitable<result<std::string>> run(mail_delivery what, std::string data);

private:
    /// Says a line, if there is one, and reads the answer, which must begin with the digit wanted.
    awaitable<result<reply>> ask(std::string line, char wanted);
    awaitable<result<reply>> read();
    awaitable<result<std::string>> name_recipients(std::vector<std::string> to, bool all_or_none);
    error broken(const error_code& ec) const;

    connection link_;
    std::string peer_;
    std::string buffer_;
};

error dialogue::broken(const error_code& ec) const {
    if (link_.timed_out()) {
        return {errc::timed_out, peer_ + " did not answer in time"};
    }
    if (ec == asio::error::not_found) {
        return {errc::protocol, peer_ + " sends lines that are too long for a mail server's"};
    }
    return {errc::network, fmt::format("the connection to {} broke: {}", peer_, ec.message())};
}

awaitable<result<reply>> dialogue::read() {
    reply got;
    for (int lines = 0; lines < most_reply_lines; ++lines) {
        error_code ec;
        auto space = asio::dynamic_buffer(buffer_, longest_reply_line);
        const std::size_t size =
            co_await asio::async_read_until(link_.tcp(), space, '\n', redirect_error(use_awaitable, ec));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (ec) {
            co_return fail(broken(ec));
        }
        const std::string line(trim(std::string_view(buffer_).substr(0, size)));
        buffer_.erase(0, size);
        const bool numbered =
            line.size() >= 3 &&
            std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; }) &&
            (line.size() == 3 || line[3] == ' ' || line[3] == '-');
        if (!numbered) {
            co_return fail(errc::protocol, peer_ + " does not answer as a mail server does", line);
        }
        got.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (got.words.size() < kept_words) {
            got.words += (got.words.empty() ? "" : " ") + line;
        }
        if (line.size() == 3 || line[3] == ' ') {
            co_return got;
        }
    }
    co_return fail(errc::protocol, peer_ + " answers without end");
}

awaitable<result<reply>> dialogue::ask(std::string line, char wanted) {
    if (!line.empty()) {
        error_code ec;
        co_await asio::async_write(link_.tcp(), asio::buffer(line), redirect_error(use_awaitable, ec));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (ec) {
            co_return fail(broken(ec));
        }
    }
    auto got = co_await read();
    if (!got || got->code / 100 == wanted - '0') {
        co_return got;
    }
    const bool later = got->code / 100 == 4;
    co_return fail(later ? errc::busy : errc::refused,
                   fmt::format("{} {}", peer_, later ? "does not take the mail now" : "refuses the mail"),
                   got->words);
}

awaitable<result<std::string>> dialogue::name_recipients(std::vector<std::string> to, bool all_or_none) {
    std::string refused;
    bool later = false;
    std::size_t taken = 0;
    for (const std::string& address : to) {
        auto said = co_await ask(fmt::format("RCPT TO:<{}>\r\n", address), '2');
        if (said) {
            ++taken;
        } else if (said.error().code == errc::refused || (said.error().code == errc::busy && !all_or_none)) {
            later = later || said.error().code == errc::busy;
            refused += (refused.empty() ? "" : "; ") + said.error().foreign;
        } else {
            co_return fail(said.error()); // nothing was sent: all of it is tried again later
        }
    }
    if (taken == 0) {
        co_return fail(later ? errc::busy : errc::refused, peer_ + " takes mail for none of the recipients",
                       refused);
    }
    co_return refused;
}

awaitable<result<std::string>> dialogue::run(mail_delivery what, std::string data) {
    const auto address = asio::ip::make_address(what.server.address);
    const addresses where{asio::ip::tcp::endpoint(address, what.server.port)};
    const steady_time end = socket_clock() + what.deadline;
    auto step = co_await connect_any(link_, where, end, peer_);
    if (!step) {
        co_return fail(step.error());
    }
    auto said = co_await ask(std::string(), '2');
    if (said) {
        said = co_await ask(fmt::format("EHLO {}\r\n", what.our_name), '2');
        if (!said && said.error().code == errc::refused) {
            said = co_await ask(fmt::format("HELO {}\r\n", what.our_name), '2');
        }
    }
    if (said) {
        said = co_await ask(fmt::format("MAIL FROM:<{}>\r\n", what.from), '2');
    }
    if (!said) {
        co_return fail(said.error());
    }
    auto refused = co_await name_recipients(what.to, what.all_or_none);
    if (!refused) {
        co_return fail(refused.error());
    }
    said = co_await ask("DATA\r\n", '3');
    if (said) {
        said = co_await ask(std::move(data), '2');
    }
    if (!said) {
        co_return fail(said.error());
    }
    error_code ignored; // it has the mail: how we part is a matter of manners
    const std::string farewell = "QUIT\r\n";
    co_await asio::async_write(link_.tcp(), asio::buffer(farewell), redirect_error(use_awaitable, ignored));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    co_return refused;
}

} // namespace

result<std::string> smtp_data(const std::string& message) {
    std::string wire;
    wire.reserve(message.size() + message.size() / 20 + 8);
    std::string_view rest = message;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const bool fits = line.size() <= longest_line && std::ranges::all_of(line, [](char c) {
                              return c == '\t' || (c >= ' ' && c < '\x7f');
                          });
        if (!fits) {
            return fail(errc::invalid_argument, "a mail has a line that may not be sent as it is");
        }
        if (line.starts_with('.')) {
            wire += '.';
        }
        wire += line;
        wire += "\r\n";
    }
    return wire + ".\r\n";
}

awaitable<result<std::string>> send_mail(asio::any_io_executor executor, mail_delivery what) {
    if (auto good = check(what); !good) {
        co_return fail(good.error());
    }
    auto data = smtp_data(what.message);
    if (!data) {
        co_return fail(data.error());
    }
    dialogue with(executor, what.server);
    co_return co_await with.run(std::move(what), std::move(*data));
}

} // namespace evercert::net
