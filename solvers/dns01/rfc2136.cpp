#include "solvers/dns01/rfc2136.hpp"

#include "core/base/text.hpp"
#include "core/crypto/secret.hpp"
#include "core/dns/authority.hpp"
#include "solvers/dns01/tsig_file.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace evercert::solvers {
namespace {

constexpr std::size_t key_file_limit = 16 * 1024;

class rfc2136_provider final : public dns_provider {
public:
    rfc2136_provider(dns_client& dns, worker_pool& workers, rfc2136_settings settings)
        : dns_(dns), workers_(workers), settings_(std::move(settings)) {}

    awaitable<result<void>> add(txt_task task) override { co_return co_await change(std::move(task), true); }
    awaitable<result<void>> remove(txt_task task) override {
        co_return co_await change(std::move(task), false);
    }

private:
    awaitable<result<void>> change(txt_task task, bool add) {
        auto zone = co_await zone_of(task.target);
        if (!zone) {
            co_return fail(std::move(zone.error()));
        }
        auto key = co_await read_key();
        if (!key) {
            co_return fail(std::move(key.error()));
        }
        dns_update update(std::move(*zone));
        dns_update::text record{task.target, task.value, settings_.ttl};
        (add ? update.add : update.remove).push_back(std::move(record));
        const std::string changed = update.zone;
        endpoint server = settings_.server;
        auto answer = co_await dns_.update(std::move(server), std::move(update), *key ? &**key : nullptr);
        if (*key) {
            crypto::wipe((*key)->secret);
        }
        if (!answer) {
            co_return fail(answer.error().within(
                fmt::format("the update of zone {} at {}", changed, to_string(settings_.server))));
        }
        if (answer->code == dns_rcode::no_error) {
            co_return result<void>();
        }
        co_return fail(refusal(answer->code, changed, task.target));
    }

    [[nodiscard]] error refusal(dns_rcode code, const std::string& zone, const std::string& name) const {
        const std::string server = to_string(settings_.server);
        switch (code) {
        case dns_rcode::refused:
            return {errc::refused,
                    fmt::format(
                        "{} refuses to change {} in zone {}: {}", server, name, zone,
                        settings_.key.empty()
                            ? "it wants a key; give `tsig_key_file` or `tsig_key_credential`"
                            : "allow it to this key (BIND: update-policy { grant KEY name NAME TXT; };)")};
        case dns_rcode::not_authorised:
        case dns_rcode::bad_key:
        case dns_rcode::bad_signature:
            return {errc::refused,
                    fmt::format("{} does not accept {}, or is not the primary of zone {}: compare name, "
                                "algorithm and secret with the server's",
                                server,
                                settings_.key.empty() ? "an unsigned update"
                                                      : "the key of " + settings_.key.place(),
                                zone)};
        case dns_rcode::bad_time:
            return {errc::refused,
                    fmt::format("the clock of {} and this machine's differ too much for a signed "
                                "update; set both by NTP",
                                server)};
        case dns_rcode::not_zone:
            return {errc::refused, fmt::format("{} says that {} is not in zone {}", server, name, zone)};
        default:
            return {errc::refused,
                    fmt::format("{} answers the update of zone {} with {}", server, zone, to_string(code))};
        }
    }

    /// Asked of the primary itself: it knows zones that resolvers do not see.
    awaitable<result<std::string>> zone_of(std::string name) {
        if (!settings_.zone.empty()) {
            co_return settings_.zone;
        }
        const std::string server = to_string(settings_.server);
        auto zone = co_await dns::find_zone(dns_, name, settings_.server);
        if (!zone && zone.error().code == errc::not_found) {
            co_return fail(errc::not_found,
                           fmt::format("{} has no zone for {}; give the primary that has it as "
                                       "`server`, or name the zone with `zone`",
                                       server, name));
        }
        if (!zone) {
            co_return fail(zone.error().within(fmt::format("asking {} for the zone of {}", server, name)));
        }
        co_return zone;
    }

    awaitable<result<std::optional<tsig_key>>> read_key() {
        if (settings_.key.empty()) {
            co_return std::optional<tsig_key>();
        }
        auto read = [this]() -> result<std::optional<tsig_key>> {
            const auto text = settings_.key.read(key_file_limit);
            if (!text) {
                return fail(text.error());
            }
            auto key = parse_tsig_key(text->view());
            if (!key) {
                return fail(key.error().within(settings_.key.place()));
            }
            return std::optional(std::move(*key));
        };
        co_return co_await workers_.run(read);
    }

    dns_client& dns_;
    worker_pool& workers_;
    rfc2136_settings settings_;
};

} // namespace

std::unique_ptr<dns_provider> make_rfc2136_provider(dns_client& dns, worker_pool& workers,
                                                    rfc2136_settings settings) {
    return std::make_unique<rfc2136_provider>(dns, workers, std::move(settings));
}

} // namespace evercert::solvers
