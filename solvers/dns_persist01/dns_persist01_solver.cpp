#include "solvers/dns_persist01/dns_persist01_solver.hpp"

#include "solvers/dns_persist01/standing_look.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace evercert::solvers {
namespace {

class dns_persist01_solver final : public solver {
public:
    dns_persist01_solver(dns_persist01_parts parts, dns_persist01_settings settings)
        : parts_(parts), settings_(settings) {}

    [[nodiscard]] std::string_view challenge_type() const noexcept override { return "dns-persist-01"; }

    awaitable<result<void>> present(challenge_task task) override {
        const auto wanted = wanted_record(standing_claim(task));
        co_return wanted ? result<void>() : fail(wanted.error());
    }

    awaitable<result<void>> wait_ready(challenge_task task) override {
        const standing_claim claim(task);
        const auto wanted = wanted_record(claim);
        if (!wanted) {
            co_return fail(wanted.error());
        }
        if (settings_.check == propagation_check::off) {
            co_return result<void>();
        }
        auto seen = co_await wait_for_record(claim);
        if (!seen && settings_.check == propagation_check::enforce) {
            seen.error().message +=
                fmt::format("; publish this line in its zone: {}", zone_line(claim, *wanted));
            co_return seen;
        }
        if (!seen) {
            event unseen{.id = "dns.record_not_seen",
                         .level = severity::warning,
                         .certificate = {},
                         .message = seen.error().within("the CA is asked all the same").text(),
                         .fields = {{"record", standing_record_name(claim.name)}}};
            parts_.events.emit(unseen);
        }
        co_return result<void>();
    }

    /// The record stands.
    awaitable<void> clean_up(challenge_task) override { co_return; }

private:
    awaitable<result<void>> wait_for_record(standing_claim claim) {
        const steady_time end = parts_.time.steady_now() + settings_.patience;
        for (;;) {
            auto outcome = co_await look(claim);
            const bool lags = !outcome && outcome.error().code != errc::not_found;
            if (!lags || parts_.time.steady_now() + settings_.pace > end) {
                co_return outcome;
            }
            co_await sleep_for(parts_.time, settings_.pace);
        }
    }

    /// errc::not_found: waiting does not help.
    awaitable<result<void>> look(standing_claim claim) {
        const std::string shown = (claim.wildcard ? "*." : "") + claim.name;
        const auto read = co_await read_standing(parts_.dns, claim.name);
        if (!read) {
            error why =
                read.error().within(fmt::format("the standing record of {} cannot be looked at, at {}", shown,
                                                standing_record_name(claim.name)));
            why.code = errc::refused; // a resolver's "there is no such zone" may pass, too
            co_return fail(std::move(why));
        }
        const standing_view seen = judge_standing(*read, claim, parts_.time.now());
        if (seen.what == standing::good) {
            co_return result<void>();
        }
        const std::string_view what = seen.what == standing::missing ? "is missing"
                                      : seen.what == standing::unfit ? "does not fit"
                                                                     : "cannot be seen from here";
        const bool lags = seen.somewhere || seen.what == standing::unseen;
        co_return fail(lags ? errc::refused : errc::not_found,
                       fmt::format("the standing record that proves {}, at {}, {}{}: {}", shown,
                                   standing_record_name(claim.name), what,
                                   seen.somewhere ? " at some of its servers" : "", seen.words));
    }

    dns_persist01_parts parts_;
    dns_persist01_settings settings_;
};

} // namespace

std::unique_ptr<solver> make_dns_persist01_solver(dns_persist01_parts parts,
                                                  dns_persist01_settings settings) {
    return std::make_unique<dns_persist01_solver>(parts, settings);
}

} // namespace evercert::solvers
