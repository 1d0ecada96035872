#pragma once
// What to do next with one order (RFC 8555 section 7.4). No I/O and no clock: events in, actions out.
//
//   creating ──► proving ──► finalizing ──► polling ──► downloading ──► done
//   fetching ──► wherever the order is: a resumed order may be in any state
#include "core/acme/order.hpp"
#include "core/acme/problem.hpp"

#include <optional>
#include <string>
#include <vector>

namespace evercert::acme {

enum class order_state {
    starting,
    creating,
    fetching,
    proving,
    finalizing,
    polling,
    downloading,
    done,
    failed
};
enum class order_action {
    create,         ///< POST newOrder
    fetch,          ///< POST-as-GET the order URL now
    wait_and_fetch, ///< the same when poll_pace says so
    prove,          ///< all authorizations of current()
    finalize,       ///< POST the CSR
    download,       ///< POST-as-GET current().certificate
    finish,
    fail, ///< see trouble()
};
std::string_view to_string(order_state state) noexcept;
std::string_view to_string(order_action action) noexcept;

struct order_event {
    enum class kind {
        started,
        seen,      ///< an order object came, from newOrder, the order URL or finalize
        proven,    ///< every authorization is valid
        not_ready, ///< finalize was answered orderNotReady
        downloaded,
        failed,
        patience_over,
    };
    kind what;
    std::optional<order> object;
    std::optional<failure> trouble;
    std::optional<milliseconds> next_look; ///< patience_over: when the CA may be asked again

    explicit order_event(kind w) : what(w) {}
    explicit order_event(order o) : what(kind::seen), object(std::move(o)) {}
    explicit order_event(failure f) : what(kind::failed), trouble(std::move(f)) {}
    order_event(kind w, failure f) : what(w), trouble(std::move(f)) {}
    static order_event impatient(milliseconds next_look) {
        order_event e(kind::patience_over);
        e.next_look = next_look;
        return e;
    }
};

class order_flow {
public:
    /// An empty `order_url` makes a new order, else that one is resumed. An order with another `profile` is
    /// refused, unless that is empty.
    order_flow(std::vector<identifier> names, std::string order_url, std::string profile = {})
        : names_(std::move(names)), profile_(std::move(profile)), resumed_(!order_url.empty()) {}

    order_action resume(order_event event);

    [[nodiscard]] order_state state() const noexcept { return state_; }
    [[nodiscard]] const order& current() const noexcept { return current_; }
    [[nodiscard]] const failure& trouble() const noexcept { return trouble_; }

private:
    order_action go(order_state state, order_action action);
    order_action give_up(failure why);
    order_action on_seen(order object);
    order_action on_ready();
    order_action on_not_ready(std::optional<failure> said);
    order_action on_invalid();
    order_action on_patience_over(std::optional<milliseconds> next_look);

    std::vector<identifier> names_;
    std::string profile_;
    bool resumed_;
    bool proven_ = false;
    unsigned finalized_ = 0; ///< how often finalize was asked
    unsigned not_ready_ = 0;
    unsigned without_certificate_ = 0;
    order_state state_ = order_state::starting;
    order current_;
    failure trouble_;
};

} // namespace evercert::acme
