#include "daemon/helper/exchange.hpp"

#include "core/base/text.hpp"
#include "core/net/watchdog.hpp"
#include "daemon/helper/protocol.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <optional>

namespace evercert::daemon {
namespace {

using boost::system::error_code;

constexpr std::size_t longest_path = 107; ///< unix(7)
constexpr int most_tries = 3;

error unreachable(const std::string& path, const error_code& ec) {
    const std::string tried = fmt::format("evercert-deploy cannot be reached at {}", escape(path));
    if (ec.value() == ENOENT || ec.value() == ENOTDIR || ec.value() == ECONNREFUSED) {
        return {errc::network, fmt::format("{}: {}. Start its socket: systemctl start evercert-deploy.socket",
                                           tried, ec.message())};
    }
    if (ec.value() == EACCES || ec.value() == EPERM) {
        return {errc::network,
                fmt::format("{}: {}. The socket has to be open to the group that evercertd runs "
                            "as: systemctl restart evercert-deploy.socket",
                            tried, ec.message())};
    }
    return {errc::network, fmt::format("{}: {}", tried, ec.message())};
}

/// What is received, line by line.
class answer_reader {
public:
    answer_reader(std::string certificate, event_sink& events)
        : certificate_(std::move(certificate)), events_(events) {}

    /// The result once it is there.
    result<std::optional<result<void>>> take(std::string_view bytes) {
        total_ += bytes.size();
        buffer_ += bytes;
        if (total_ > longest_answer) {
            return fail(errc::too_large, "its answer has no end");
        }
        for (auto end = buffer_.find('\n'); end != buffer_.npos; end = buffer_.find('\n')) {
            auto line = parse_answer(std::string_view(buffer_).substr(0, end));
            if (!line) {
                return fail(errc::protocol, "its answer was not understood: " + line.error().text());
            }
            if (auto* const last = std::get_if<verdict>(&*line)) {
                return std::optional<result<void>>(std::move(last->outcome));
            }
            pass_on(std::get<event>(std::move(*line)));
            buffer_.erase(0, end + 1);
        }
        if (buffer_.size() > longest_answer_line) {
            return fail(errc::too_large, "its answer has a line without an end");
        }
        return std::optional<result<void>>();
    }

private:
    /// About this certificate, or about all that were deployed together.
    void pass_on(event told) {
        if (!told.certificate.empty()) {
            told.certificate = certificate_;
        }
        events_.emit(told);
    }

    std::string certificate_;
    event_sink& events_;
    std::string buffer_;
    std::size_t total_ = 0;
};

/// nullopt: it took the connection and went away without a word, as one that was just leaving does.
awaitable<std::optional<result<void>>> converse(helper_connection connection, std::string path,
                                                std::string certificate, event_sink& events) {
    error_code ec;
    const asio::local::stream_protocol::endpoint where(path);
    co_await connection->async_connect(where, asio::redirect_error(asio::use_awaitable, ec));
    net::throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (ec) {
        co_return fail(unreachable(path, ec));
    }
    const std::string request = deploy_request(certificate);
    error_code unsent; // whoever turned us away has said why
    co_await asio::async_write(*connection, asio::buffer(request),
                               asio::redirect_error(asio::use_awaitable, unsent));
    net::throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    answer_reader answer(certificate, events);
    std::array<char, 4096> part{};
    for (bool any = false;; any = true) {
        const std::size_t got = co_await connection->async_read_some(
            asio::buffer(part), asio::redirect_error(asio::use_awaitable, ec));
        net::throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (ec && !any && connection->is_open()) {
            co_return std::nullopt;
        }
        if (ec) {
            co_return fail(
                errc::network,
                fmt::format("evercert-deploy at {} went away before there was a result ({}). See why: "
                            "journalctl -u evercert-deploy",
                            path, (unsent ? unsent : ec).message()));
        }
        auto outcome = answer.take(std::string_view(part.data(), got));
        if (!outcome) {
            co_return fail(outcome.error().within(fmt::format("evercert-deploy at {}", path)));
        }
        if (*outcome) {
            co_return std::move(**outcome);
        }
    }
}

/// A helper that leaves when it is idle may do so just now; its socket then starts the next one.
awaitable<result<void>> persist(helper_connection connection, std::string path, std::string certificate,
                                event_sink& events) {
    for (int tries = 0; tries < most_tries; ++tries) {
        auto talk = converse(connection, path, certificate, events);
        auto outcome = co_await std::move(talk);
        if (outcome) {
            co_return std::move(*outcome);
        }
        if (tries + 1 < most_tries) {
            error_code ignored;
            connection->close(ignored); // the next connect opens it again
        }
    }
    co_return fail(errc::network,
                   fmt::format("evercert-deploy at {} hangs up without a word. See why: systemctl status "
                               "evercert-deploy",
                               path));
}

} // namespace

awaitable<result<void>> ask_helper(helper_connection connection, std::string path, std::string certificate,
                                   milliseconds deadline, event_sink& events) {
    if (path.empty() || path.size() > longest_path) {
        co_return fail(
            errc::invalid_argument,
            fmt::format("{} cannot be a socket of evercert-deploy: a path of 1 to {} bytes is wanted",
                        escape(path), longest_path));
    }
    net::watchdog timer(connection->get_executor());
    auto close = [connection] {
        error_code ignored;
        connection->close(ignored);
    };
    timer.set(net::socket_clock() + deadline, close);
    auto talk = persist(connection, path, std::move(certificate), events);
    auto outcome = co_await std::move(talk);
    timer.clear();
    const bool closed = !connection->is_open();
    close();
    if (!outcome && timer.expired()) {
        co_return fail(errc::timed_out,
                       fmt::format("evercert-deploy at {} gave no result within {}. See what "
                                   "holds it up: journalctl -u evercert-deploy",
                                   path, format_duration(deadline)));
    }
    if (!outcome && closed) {
        co_return fail(errc::cancelled, "the deployment was broken off: the program is stopping");
    }
    co_return outcome;
}

} // namespace evercert::daemon
