#pragma once
// One issuer as the engine uses it: its account made ready once for all, its places for orders, its pauses.
#include "core/acme/client.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/problem_class.hpp"
#include "core/lifecycle/rate_ledger.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evercert::lifecycle {

/// Why an issuer is left alone for a while.
struct issuer_pause {
    steady_time until;
    std::string reason;
};

class issuer_session {
public:
    issuer_session(issuer settings, const engine_parts& parts, std::shared_ptr<rate_ledger> ledger);

    [[nodiscard]] const issuer& settings() const noexcept { return settings_; }

    /// What is left of the CA's published limits.
    [[nodiscard]] rate_ledger& ledger() noexcept { return *ledger_; }
    /// Takes an order from the limits; what has to be kept of it, if anything.
    std::optional<spent_order> spend(const order_claim& claim, wall_time now);

    /// The client, for what needs no account.
    acme::outcome<acme::client*> client();

    /// The client with an account that the CA knows: key durable before it is used, URL from the record, by
    /// lookup or by registration; made anew where the CA has forgotten it. Callers that come while it is
    /// being opened wait for the same attempt.
    awaitable<acme::outcome<acme::client*>> ready();

    /// How often the CA has forgotten the account, and with it all orders, so that it was made anew.
    [[nodiscard]] unsigned times_made_anew() const noexcept { return times_made_anew_; }

    /// Gives the account a new key, when no order is under way.
    awaitable<acme::outcome<void>> roll_over();
    awaitable<acme::outcome<void>> deactivate();

    /// Takes note of a failure: pauses the issuer when it concerns all its certificates.
    void note_failure(const verdict& judged, const std::string& text);
    void note_success(const std::vector<identifier>& names);
    /// From the record of a certificate that failed before a restart.
    void restore_pause(const storage::issuer_trouble& trouble, wall_time now);
    /// A person wants it tried now.
    void lift_pause() noexcept { pause_.reset(); }
    /// Failures in a row that concerned the issuer as a whole.
    [[nodiscard]] unsigned failures() const noexcept { return failures_; }
    /// Set while nothing must be asked of this issuer.
    [[nodiscard]] std::optional<issuer_pause> paused() const;

    // The CA's renewal information (RFC 9773).
    /// Whether its directory has none, by the latest look.
    [[nodiscard]] bool without_renewal_info(steady_time now) const noexcept {
        return now < no_renewal_info_until_;
    }
    /// When to ask again after a failure: temporary ones soon, ever more slowly, the others after hours.
    milliseconds renewal_info_failed(const acme::failure& why, random_source& random);
    void renewal_info_answered() noexcept {
        renewal_info_failures_ = 0;
        renewal_info_missed_ = false;
    }
    /// Whether this failure is the first since it was last had: a CA's trouble is not told once for each
    /// certificate.
    bool first_without_renewal_info() noexcept { return !std::exchange(renewal_info_missed_, true); }

    // Places for concurrent orders.
    [[nodiscard]] bool take_place() noexcept;
    void leave_place() noexcept { --orders_; }

private:
    awaitable<acme::outcome<void>> open();

    issuer settings_;
    const engine_parts& parts_;
    std::shared_ptr<rate_ledger> ledger_;
    std::unique_ptr<acme::client> client_;
    bool open_ = false;
    bool opening_ = false;
    bool closed_ = false;                  ///< no places are given
    std::vector<timer*> waiting_;          ///< callers waiting for the attempt under way
    std::optional<steady_time> made_anew_; ///< when the account was, because the CA had forgotten it
    unsigned times_made_anew_ = 0;
    std::optional<acme::failure> last_failure_;
    unsigned failures_ = 0;
    std::optional<issuer_pause> pause_;
    steady_time no_renewal_info_until_{};
    unsigned renewal_info_failures_ = 0;
    bool renewal_info_missed_ = false;
    unsigned orders_ = 0;
};

/// Takes a place at construction time (already taken by take_place) and gives it back.
class order_place {
public:
    explicit order_place(std::shared_ptr<issuer_session> session) : session_(std::move(session)) {}
    ~order_place() { session_->leave_place(); }
    order_place(const order_place&) = delete;
    order_place& operator=(const order_place&) = delete;

private:
    std::shared_ptr<issuer_session> session_;
};

} // namespace evercert::lifecycle
