#pragma once
// A certificate authority that enforces Let's Encrypt's published limits by its own count, keeps its orders,
// and can be told to fail. It answers at once; the client takes the time.
#include "core/acme/client.hpp"
#include "tests/simulation/chain_text.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/population.hpp"
#include "tests/simulation/tally.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::simulation {

enum class endpoint { new_order, other, renewal_info };

enum class order_status : std::uint8_t { pending, ready, processing, valid, invalid };

/// How far the daemon knows of an order.
enum class order_fate : std::uint8_t {
    sent,      ///< the answer is on its way
    not_heard, ///< the answer was lost, or its URL could not be recorded
    recorded   ///< its URL is durable
};

std::string order_url(unsigned order);

struct ca_order {
    std::uint32_t certificate = 0;
    std::uint32_t leaf = 0; ///< number of its leaf + 1
    std::uint32_t account = 0;
    wall_time created;
    wall_time expires;
    wall_time ready_at; ///< of processing
    std::uint64_t key = 0;
    std::uint32_t replaces = 0; ///< number of the leaf + 1
    order_status status = order_status::pending;
    profile asked = profile::classic;
    order_fate fate = order_fate::sent;
};

struct ca_leaf {
    std::uint32_t certificate = 0;
    std::uint32_t replaced_by = 0; ///< number of the order + 1
    wall_time not_before;
    wall_time not_after;
    wall_time revoked_at = wall_time::max();
    bool stored = false;  ///< the daemon has it on its disk
    bool refused = false; ///< the daemon's clock was so wrong that it did not take it
};

/// Counts that are reported.
struct ca_counts {
    std::map<std::string, unsigned, std::less<>> exceeded; ///< limits, by name
    std::uint64_t requests = 0;
    std::uint64_t orders = 0;
    std::uint64_t resumed = 0; ///< an order that was open already was returned again
    std::uint64_t issued = 0;
    std::uint64_t exempt = 0;   ///< orders inside the CA's own window
    std::uint64_t renewals = 0; ///< orders for the same set of names outside it
    std::uint64_t fresh = 0;
    std::uint64_t window_missed = 0; ///< orders that replace a leaf with a window, outside it
    std::uint64_t not_replacing = 0; ///< `replaces` was not acceptable
    std::uint64_t failed_validations = 0;
    std::uint64_t windows_told = 0;
    unsigned most_orders_a_second = 0;
    unsigned most_requests_a_second = 0;
    std::vector<std::uint32_t> orders_by_hour;
};

class sim_ca {
public:
    /// `limited`: by Let's Encrypt's limits. `who` has the names that do not resolve.
    sim_ca(std::uint8_t number, bool limited, const population& who, const sim_time& time,
           random_source& random);

    // What goes wrong.
    bool reachable = true;
    bool storming = false; ///< 429 to everything
    milliseconds processing = seconds(2);

    /// Counts a request; the failure if it is not even looked at.
    [[nodiscard]] std::optional<acme::failure> admit(endpoint what, acme::step where);
    /// Number of the order.
    acme::outcome<unsigned> new_order(unsigned account, const std::vector<identifier>& names,
                                      std::string_view profile, std::string_view replaces);
    /// The order as it is now; null if there is none of this number, or not any more.
    [[nodiscard]] const ca_order* look(unsigned order);
    /// The daemon asked for an order and was told that there is none any more.
    void note_expired(unsigned order);
    /// All names whose proof is needed; a failure makes the order invalid.
    acme::outcome<void> validate(unsigned order);
    [[nodiscard]] bool needs_proof(unsigned order) const;
    void finalize(unsigned order, std::uint64_t key);
    [[nodiscard]] std::string chain(unsigned order) const;
    acme::outcome<acme::renewal_info> renewal_window(std::string_view certificate_id);
    /// errc::not_found for a certificate of another CA.
    result<void> revoke(std::uint64_t serial);

    /// Whether the CRL lists it; it takes an hour until it does.
    [[nodiscard]] bool on_crl(std::string_view serial) const;
    /// What an operator of the CA would do for an installation that has lived: no order, no limits.
    chain_text issue_before_the_start(unsigned certificate, profile what, wall_time not_before,
                                      std::uint64_t key);
    /// The daemon has written it to its disk, or did not take it.
    void note_outcome(std::uint64_t serial, bool stored);
    void note_fate(unsigned order, order_fate fate) { orders_[order].fate = fate; }

    [[nodiscard]] const ca_counts& counts() const noexcept { return counts_; }
    [[nodiscard]] const std::vector<ca_order>& orders() const noexcept { return orders_; }
    [[nodiscard]] const std::vector<ca_leaf>& leaves() const noexcept { return leaves_; }
    [[nodiscard]] std::uint8_t number() const noexcept { return number_; }
    /// Tries to prove names of a certificate that failed.
    [[nodiscard]] const std::vector<wall_time>& failures_of(unsigned certificate) const;

private:
    struct name_state {
        wall_time proven_until;
        tally failures;
        tally in_a_row;
    };
    struct certificate_state {
        tally set;
        wall_time last_issued = wall_time::min();
        std::uint32_t open_order = 0; ///< number + 1
        std::array<name_state, most_names> names;
    };

    [[nodiscard]] wall_time now() const noexcept { return time_.true_now(); }
    acme::failure refuse(acme::step where, int status, std::string type, std::string detail) const;
    acme::failure limit_exceeded(std::string_view limit, milliseconds wait);
    /// Room for an order that is not exempt; takes what is counted when the order is made.
    std::optional<acme::failure> check_limits(unsigned account, unsigned certificate);
    std::optional<acme::failure> check_pauses(unsigned certificate);
    /// The leaf + 1 that `replaces` names; 0 without.
    acme::outcome<std::uint32_t> replaced_leaf(unsigned certificate, std::string_view replaces) const;
    [[nodiscard]] span window_of(const ca_leaf& leaf) const;
    void note_request();
    void note_order();
    void make_leaf(ca_order& order, std::uint32_t number);
    chain_text text_of(std::uint32_t leaf, std::uint64_t key) const;

    std::uint8_t number_;
    bool limited_;
    const population& who_;
    const sim_time& time_;
    random_source& random_;
    wall_time start_;
    std::vector<certificate_state> certificates_;
    std::vector<tally> domains_;
    std::array<tally, 2> accounts_;
    std::array<tally, 3> endpoints_;
    std::vector<ca_order> orders_;
    std::vector<ca_leaf> leaves_;
    std::map<unsigned, std::vector<wall_time>> failures_;
    ca_counts counts_;
    wall_time second_;
    unsigned requests_this_second_ = 0;
    unsigned orders_this_second_ = 0;
};

} // namespace evercert::simulation
