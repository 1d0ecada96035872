#pragma once
// Internal to core/preflight: what all looks of one examination share.
#include "core/base/text.hpp"
#include "core/preflight/own_network.hpp"
#include "core/preflight/preflight.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::survey {

using findings = std::vector<finding>;

struct inquiry {
    const preflight_request& request;
    const preflight_parts& parts;
    dns_client& dns; ///< `parts.dns`, each question asked once
    steady_time end;
    own_network here;

    inquiry(const preflight_request& r, const preflight_parts& p, dns_client& d, steady_time e)
        : request(r), parts(p), dns(d), end(e) {}

    /// For one step of several: at most `most`, and a little less than there is, so that its end can still be
    /// told.
    [[nodiscard]] milliseconds time_for(milliseconds most) const {
        const auto left = std::chrono::floor<milliseconds>(end - parts.time.steady_now());
        return std::clamp(left - left / 10, milliseconds(1), most);
    }
    /// Whether silence for that long says nothing of the other side, as there was hardly any time.
    [[nodiscard]] bool is_hurry(milliseconds had) const {
        return had < std::min<milliseconds>(seconds(2), request.patience / 4);
    }
    /// False for IPv6 from a machine that has none: nothing is learnt by trying.
    [[nodiscard]] bool can_ask(const endpoint& where) const {
        boost::system::error_code bad;
        const auto address = boost::asio::ip::make_address(where.address, bad);
        return bad || address.is_v4() || here.has_ipv6() || here.is_own(address);
    }
    /// Where a cancellation may have been waited out: ends this coroutine as that would have.
    void stop_if_over() const {
        if (parts.time.steady_now() >= end) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
};

/// A look under way: what it found, and what would be said if it had to stop now.
struct look {
    std::string name; ///< of the certificate's names; empty: all
    std::string check;
    std::string looking_at;
    findings found;

    void say(finding_weight weight, std::string looked_at, std::string seen, std::string change = {}) {
        say_as(check, weight, std::move(looked_at), std::move(seen), std::move(change));
    }
    void say_as(std::string what, finding_weight weight, std::string looked_at, std::string seen,
                std::string change = {}) {
        finding made;
        made.check = std::move(what);
        made.weight = weight;
        made.name = name;
        made.looked_at = std::move(looked_at);
        made.seen = std::move(seen);
        made.change = std::move(change);
        found.push_back(std::move(made));
    }
    void turn_to(std::string what, std::string at) {
        check = std::move(what);
        looking_at = std::move(at);
    }
};

/// Foreign text within a sentence.
inline std::string quoted(std::string_view foreign, std::size_t limit = 80) {
    return "\"" + escape(foreign, limit) + "\"";
}

} // namespace evercert::survey
