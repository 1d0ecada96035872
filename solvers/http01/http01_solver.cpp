#include "solvers/http01/http01_solver.hpp"

#include "solvers/http01/responder.hpp"
#include "solvers/http01/token_table.hpp"

#include <boost/asio/post.hpp>

namespace evercert::solvers {

namespace {

/// Held by the handler too, which may unwind after the solver is gone.
struct shared_table {
    asio::any_io_executor executor;
    bool redirect_to_https = false;
    token_table table;
};

/// The server sends as soon as the handler returns, before the loop takes the next thing from its queue: what
/// is posted here runs when the answer is with the kernel, so that a poll of the CA started then finds a CA
/// that has been told.
void tell(const shared_table& shared, const token_table::answer& fetched) {
    for (const auto& callback : fetched.on_fetched) {
        // Weak: an order that is cleaned up in between is not called.
        asio::post(shared.executor, [weak = std::weak_ptr(callback)] {
            if (const auto alive = weak.lock()) {
                (*alive)();
            }
        });
    }
}

awaitable<net::server_response> handle(std::shared_ptr<const shared_table> shared,
                                       net::server_request request) {
    auto out = respond(shared->table, shared->redirect_to_https, request);
    if (out.fetched != nullptr) {
        tell(*shared, *out.fetched);
    }
    co_return std::move(out.response);
}

net::server_limits challenge_limits() {
    // RFC 8555 validators send one small GET a connection; nobody else has a claim on this port.
    net::server_limits limits;
    limits.body_bytes = 0;
    limits.header_bytes = 8 * 1024;
    limits.lifetime = seconds(5);
    // A CA validates from a handful of addresses: 32 orders of 25 names at once are 800 requests from each of
    // them, and a connection turned away is a failed validation. At the cap the longest-silent connection
    // makes room.
    limits.connections = 4096;
    limits.per_source = 1024;
    return limits;
}

class http01_listener final : public listening_solver {
public:
    http01_listener(const asio::any_io_executor& executor, event_sink& events, http01_settings settings)
        : shared_(std::make_shared<shared_table>())
        , places_("http-01", std::move(settings.listen),
                  [this](net::listen_address where) { return server_->listen(std::move(where)); }) {
        shared_->executor = executor;
        shared_->redirect_to_https = settings.redirect_to_https;
        auto handler = [shared = shared_](net::server_request request) {
            return handle(shared, std::move(request));
        };
        server_ = net::make_http_server(executor, events, challenge_limits(), std::move(handler));
    }

    [[nodiscard]] std::string_view challenge_type() const noexcept override { return "http-01"; }

    result<void> open() override { return places_.open(); }

    awaitable<void> close() override {
        places_.closed();
        co_await server_->stop();
    }

    [[nodiscard]] std::vector<std::string> addresses() const override { return server_->addresses(); }
    [[nodiscard]] net::server_counters counters() const override { return server_->counters(); }

    awaitable<result<void>> present(challenge_task task) override {
        // Counted even when it fails, because clean_up is called either way.
        shared_->table.put(task.name.base(), task.token, std::move(task.key_authorization),
                           std::move(task.on_fetched));
        auto opened = places_.open_again([this] { return !server_->addresses().empty(); });
        co_return opened;
    }

    awaitable<result<void>> wait_ready(challenge_task) override { co_return result<void>(); }

    awaitable<void> clean_up(challenge_task task) override {
        shared_->table.remove(task.name.base(), task.token, task.key_authorization);
        co_return;
    }

private:
    std::shared_ptr<shared_table> shared_;
    std::unique_ptr<net::http_server> server_;
    listen_places places_;
};

} // namespace

std::unique_ptr<listening_solver> make_http01_solver(const asio::any_io_executor& executor,
                                                     event_sink& events, http01_settings settings) {
    return std::make_unique<http01_listener>(executor, events, std::move(settings));
}

} // namespace evercert::solvers
