#include "solvers/tls_alpn01/tls_alpn01_solver.hpp"

#include "core/crypto/alpn_certificate.hpp"
#include "core/net/alpn_listener.hpp"
#include "solvers/tls_alpn01/answer_table.hpp"

#include <boost/asio/post.hpp>

#include <optional>

namespace evercert::solvers {

namespace {

constexpr std::string_view protocol = "acme-tls/1"; // RFC 8737 section 6.2

/// Held by connections too, which may unwind after the solver is gone.
struct shared_answers {
    asio::any_io_executor executor;
    answer_table table;
    std::optional<crypto::key> key; ///< made when first needed, and then for the life of the solver
};

/// Posted, so that nothing that is called back runs inside a connection.
void tell(const shared_answers& shared, const std::vector<std::weak_ptr<answer_table::callback>>& whom) {
    for (const auto& each : whom) {
        // Weak: an order that is cleaned up in between is not called.
        asio::post(shared.executor, [each] {
            if (const auto alive = each.lock()) {
                (*alive)();
            }
        });
    }
}

std::optional<net::tls_identity> identity_for(const std::shared_ptr<const shared_answers>& shared,
                                              std::string_view server_name) {
    const auto* answer = shared->table.find(server_name);
    if (answer == nullptr) {
        return std::nullopt;
    }
    net::tls_identity out;
    out.certificate = std::shared_ptr<x509_st>(answer->certificate, answer->certificate->native());
    out.key = std::shared_ptr<evp_pkey_st>(shared, shared->key->native());
    // Whoever put this very answer, though a newer one may have come before the handshake is complete.
    std::vector<std::weak_ptr<answer_table::callback>> whom(answer->on_fetched.begin(),
                                                            answer->on_fetched.end());
    out.on_shown = [shared, whom = std::move(whom)] { tell(*shared, whom); };
    return out;
}

class tls_alpn01_listener final : public tls_alpn01_solver {
public:
    tls_alpn01_listener(const asio::any_io_executor& executor, event_sink& events, const time_source& time,
                        tls_alpn01_settings settings)
        : time_(time)
        , shared_(std::make_shared<shared_answers>())
        , places_("tls-alpn-01", std::move(settings.listen),
                  [this](net::listen_address where) { return server_->listen(std::move(where)); }) {
        shared_->executor = executor;
        auto find = [shared = std::shared_ptr<const shared_answers>(shared_)](std::string_view name) {
            return identity_for(shared, name);
        };
        server_ = net::make_alpn_listener(executor, events, net::alpn_limits(), std::string(protocol),
                                          std::move(find));
    }

    [[nodiscard]] std::string_view challenge_type() const noexcept override { return "tls-alpn-01"; }

    result<void> open() override { return places_.open(); }

    awaitable<void> close() override {
        places_.closed();
        co_await server_->stop();
    }

    [[nodiscard]] std::vector<std::string> addresses() const override { return server_->addresses(); }
    [[nodiscard]] net::server_counters counters() const override { return server_->counters(); }

    awaitable<result<void>> present(challenge_task task) override {
        auto made = put(std::move(task));
        if (!made) {
            co_return made;
        }
        auto opened = places_.open_again([this] { return !server_->addresses().empty(); });
        co_return opened;
    }

    awaitable<result<void>> wait_ready(challenge_task) override { co_return result<void>(); }

    awaitable<void> clean_up(challenge_task task) override {
        shared_->table.remove(server_name_of(task.name), task.key_authorization);
        co_return;
    }

private:
    /// Counted even when it fails, because clean_up is called either way.
    result<void> put(challenge_task task) {
        const std::string server_name = server_name_of(task.name);
        std::shared_ptr<const crypto::certificate> certificate;
        result<void> out;
        if (!shared_->table.holds(server_name, task.key_authorization)) {
            auto made = make_certificate(task);
            if (made) {
                certificate = std::make_shared<const crypto::certificate>(std::move(*made));
            } else {
                out = fail(made.error().within("tls-alpn-01"));
            }
        }
        shared_->table.put(server_name, std::move(task.key_authorization), std::move(certificate),
                           std::move(task.on_fetched));
        return out;
    }

    result<crypto::certificate> make_certificate(const challenge_task& task) {
        if (!shared_->key) {
            auto made = crypto::key::generate(key_type::ecdsa_p256);
            if (!made) {
                return fail(std::move(made.error()));
            }
            shared_->key = std::move(*made);
        }
        return crypto::make_alpn_certificate(*shared_->key, task.name, task.key_authorization, time_.now());
    }

    const time_source& time_;
    std::shared_ptr<shared_answers> shared_;
    std::unique_ptr<net::alpn_listener> server_;
    listen_places places_;
};

} // namespace

std::unique_ptr<tls_alpn01_solver> make_tls_alpn01_solver(const asio::any_io_executor& executor,
                                                          event_sink& events, const time_source& time,
                                                          tls_alpn01_settings settings) {
    return std::make_unique<tls_alpn01_listener>(executor, events, time, std::move(settings));
}

} // namespace evercert::solvers
