#include "core/net/http_client.hpp"

#include "core/net/connection_pool.hpp"
#include "core/net/message.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace evercert::net {

namespace {

/// Shared by the client and the requests under way.
struct client_state {
    client_state(const asio::any_io_executor& e, http_client_settings s)
        : executor(e)
        , settings(std::move(s))
        , via(parse_proxy(settings.https_proxy))
        , lookups(e)
        , pool(e, settings.connections_per_origin, settings.idle) {}

    asio::any_io_executor executor;
    http_client_settings settings;
    result<std::optional<proxy>> via;
    std::shared_ptr<asio::ssl::context> context;
    resolver lookups;
    connection_pool pool;

    /// Tried anew at each request until it works, so that a repaired trust file needs no restart.
    result<void> load_context() {
        if (!context) {
            auto made = make_client_context(settings.trust);
            if (!made) {
                return fail(std::move(made.error()));
            }
            context = std::move(*made);
        }
        return {};
    }
};

/// A request that has been checked, and how far it came.
struct exchange {
    url where;
    std::string wire;
    bool head = false;
    bool safe = false;
    std::size_t body_limit = 0;
    steady_time deadline;
    bool touched = false; ///< a byte of the answer has come
};

awaitable<result<void>> connect(client_state& client, connection& link, const exchange& what) {
    // The setting is one for https; it was not even looked at for a plain connection.
    const auto via = link.secure() ? *client.via : std::nullopt;
    const bool tunnel = via && !bypasses_proxy(client.settings.no_proxy, what.where.host, what.where.port);
    const std::string host = tunnel ? via->host : what.where.host;
    const std::uint16_t port = tunnel ? via->port : what.where.port;
    const std::string peer = (tunnel ? "the proxy " : "") + bracketed(host) + ":" + std::to_string(port);
    auto found = co_await client.lookups.resolve(host, port, what.deadline);
    if (!found) {
        co_return fail(std::move(found.error()));
    }
    auto done = co_await connect_any(link, std::move(*found), what.deadline, peer);
    if (done && tunnel) {
        done = co_await open_tunnel(link, *via, what.where.origin(), client.settings.user_agent);
    }
    if (done && link.secure()) {
        done = co_await shake_hands(link, what.where.host);
    }
    co_return done;
}

template <class Stream>
awaitable<result<read_outcome>> converse(Stream& stream, connection& link, exchange& what) {
    boost::system::error_code ec;
    co_await asio::async_write(stream, asio::buffer(what.wire),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
        co_return fail(read_error(ec, what.where.origin(), what.body_limit));
    }
    co_return co_await read_response(stream, link.buffer, what.where.origin(), what.head, what.body_limit,
                                     what.touched);
}

awaitable<result<read_outcome>> talk(client_state& client, connection& link, bool fresh, exchange& what) {
    if (fresh) {
        auto connected = co_await connect(client, link, what);
        if (!connected) {
            co_return fail(std::move(connected.error()));
        }
    }
    if (link.secure()) {
        co_return co_await converse(link.tls(), link, what);
    }
    co_return co_await converse(link.tcp(), link, what);
}

awaitable<result<http_response>> perform(std::shared_ptr<client_state> client, exchange what) {
    // A port that speaks TLS and one that does not are never the same, whatever their number.
    auto room = co_await client->pool.acquire((what.where.secure ? "" : "http://") + what.where.origin(),
                                              what.deadline);
    if (!room) {
        co_return fail(std::move(room.error()));
    }
    for (;;) {
        const bool fresh = !room->link;
        if (fresh) {
            room->link = std::make_unique<connection>(
                client->executor, what.where.secure ? client->context : nullptr, room->sessions());
        }
        connection& link = *room->link;
        link.limit(what.deadline);
        auto answer = co_await talk(*client, link, fresh, what);
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (answer) {
            room->reusable = answer->keep_alive && link.buffer.size() == 0 && !link.timed_out();
            co_return std::move(answer->response);
        }
        if (answer.error().code == errc::timed_out || socket_clock() >= what.deadline) {
            co_return fail(errc::timed_out, "no complete answer from " + what.where.origin() + " in time (" +
                                                answer.error().message + ")");
        }
        const bool stale = !fresh && !what.touched && answer.error().code != errc::too_large;
        if (!stale || !what.safe) {
            co_return fail(std::move(answer.error()));
        }
        room->link.reset();
    }
}

class pooled_client final : public http_client {
public:
    pooled_client(const asio::any_io_executor& executor, http_client_settings settings)
        : state_(std::make_shared<client_state>(executor, std::move(settings))) {}

    ~pooled_client() override { state_->pool.close(); }

    pooled_client(const pooled_client&) = delete;
    pooled_client& operator=(const pooled_client&) = delete;

    awaitable<result<http_response>> send(http_request request) override {
        auto state = state_;
        auto what = prepare(*state, request);
        if (!what) {
            co_return fail(std::move(what.error()));
        }
        co_return co_await perform(std::move(state), std::move(*what));
    }

private:
    static result<exchange> prepare(client_state& client, const http_request& request) {
        exchange what;
        what.deadline = socket_clock() + request.deadline;
        auto where = parse_url(request.url);
        if (!where) {
            return fail(std::move(where.error()));
        }
        if (!where->secure && !request.allow_http) {
            return fail(errc::invalid_argument, "http:// URLs are refused: only https:// is talked to");
        }
        what.where = std::move(*where);
        auto wire =
            write_request(request, what.where.target, what.where.authority(), client.settings.user_agent);
        if (!wire) {
            return fail(std::move(wire.error()));
        }
        what.wire = std::move(*wire);
        what.head = request.method == "HEAD";
        what.safe = what.head || request.method == "GET";
        what.body_limit = request.body_limit;
        if (!what.where.secure) {
            return what; // neither the proxy for https nor what we trust is concerned
        }
        if (!client.via) {
            return fail(client.via.error());
        }
        if (auto loaded = client.load_context(); !loaded) {
            return fail(std::move(loaded.error()));
        }
        return what;
    }

    std::shared_ptr<client_state> state_;
};

} // namespace

std::unique_ptr<http_client> make_http_client(const asio::any_io_executor& executor,
                                              http_client_settings settings) {
    if (!valid_header("User-Agent", settings.user_agent)) {
        settings.user_agent.clear();
    }
    return std::make_unique<pooled_client>(executor, std::move(settings));
}

} // namespace evercert::net
