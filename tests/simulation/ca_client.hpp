#pragma once
// The daemon's conversation with a sim_ca: takes its time, waits, gives up and fails as core/acme's client
// does.
#include "core/acme/client.hpp"
#include "core/acme/gate.hpp"
#include "tests/simulation/ca.hpp"
#include "tests/simulation/power.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::simulation {

/// What is lost on the way between the daemon and a CA.
struct bad_line {
    double lost_answers = 0;       ///< share
    std::uint64_t lost_orders = 0; ///< answers to newOrder that were lost
};

struct line_parts {
    sim_ca& ca;
    unsigned account;
    sim_time& time;
    random_source& random;
    std::shared_ptr<power> machine;
    bad_line& line;
};

class ca_client final : public acme::client {
public:
    ca_client(const issuer& settings, line_parts parts);

    void use_account(crypto::key, std::string) override {}
    [[nodiscard]] bool account_lost() const noexcept override { return false; }
    awaitable<acme::outcome<std::string>> open_account(acme::registration terms) override;
    awaitable<acme::outcome<std::string>> find_account(crypto::key account_key) override;
    awaitable<acme::outcome<acme::account_details>> read_account() override;
    awaitable<acme::outcome<void>> update_contacts(std::vector<std::string> mail_addresses) override;
    awaitable<acme::outcome<void>> deactivate_account() override;
    awaitable<acme::outcome<void>> change_key(crypto::key new_key) override;
    awaitable<acme::outcome<acme::issuer_description>> describe() override;
    awaitable<acme::outcome<acme::renewal_info>> fetch_renewal_info(std::string certificate_id) override;
    awaitable<acme::outcome<acme::issued>> issue(acme::issuance request) override;
    awaitable<acme::outcome<void>> revoke(std::string certificate_der, std::optional<int> reason,
                                          std::optional<crypto::key> certificate_key) override;

private:
    /// Some requests and their answers, after a wait; `repeatable` ones are sent again twice when the network
    /// fails.
    struct asking {
        endpoint what = endpoint::other;
        acme::step where = acme::step::order;
        bool repeatable = true;
        unsigned count = 1;
        milliseconds wait{0};
    };
    awaitable<std::optional<acme::failure>> ask(asking what);
    awaitable<void> pause(milliseconds how_long);
    /// What those in front leave of the issuer's requests a second.
    steady_time take_turn(unsigned requests);
    /// Makes an order and has its URL made durable; only one at a time.
    awaitable<acme::outcome<unsigned>> begin(acme::issuance& request);
    awaitable<acme::outcome<unsigned>> send_order(const acme::issuance& request);
    /// From whatever state it is in to the chain.
    awaitable<acme::outcome<acme::issued>> finish(const acme::issuance& request, unsigned order);
    [[nodiscard]] bool lost();
    [[nodiscard]] milliseconds latency();

    class kept_bell;

    line_parts parts_;
    std::vector<std::unique_ptr<timer>> bells_; ///< that nobody waits for
    acme::gate order_gate_;
    steady_time::duration between_requests_{0};
    unsigned requests_at_once_ = 0;
    steady_time requests_full_at_{};
    unsigned order_failures_ = 0;
    std::optional<acme::failure> order_failure_;
    std::optional<steady_time> directory_since_;
};

} // namespace evercert::simulation
