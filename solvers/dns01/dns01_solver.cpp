#include "solvers/dns01/dns01_solver.hpp"

#include "core/dns/propagation.hpp"
#include "solvers/dns01/record_name.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace evercert::solvers {
namespace {

class dns01_solver final : public solver {
public:
    dns01_solver(std::unique_ptr<dns_provider> provider, dns01_parts parts, dns01_settings settings)
        : provider_(std::move(provider)), parts_(parts), settings_(settings) {}

    [[nodiscard]] std::string_view challenge_type() const noexcept override {
        return settings_.per_account ? "dns-account-01" : "dns-01";
    }

    [[nodiscard]] bool remembered() const noexcept override { return true; }

    awaitable<result<void>> present(challenge_task task) override {
        ++wanted_[key_of(task)].users;
        co_return result<void>();
    }

    awaitable<result<void>> wait_ready(challenge_task task) override {
        txt_task record = record_of(task);
        if (provider_->wants_target()) {
            auto target = co_await dns::follow_aliases(parts_.dns, record.record);
            if (!target) {
                co_return fail(target.error().within(
                    fmt::format("looking where the record of {} belongs", record.record)));
            }
            record.target = std::move(*target);
        }
        // Known before it is tried: what an add has done that did not come to its end is taken away too.
        if (const auto known = wanted_.find(key_of(task)); known != wanted_.end()) {
            known->second.target = record.target;
            known->second.tried = true;
        }
        txt_task added = record;
        auto done = co_await provider_->add(std::move(added));
        if (!done) {
            co_return done;
        }
        co_return co_await wait_for_servers(std::move(record));
    }

    awaitable<void> clean_up(challenge_task task) override {
        const auto known = wanted_.find(key_of(task));
        if (known == wanted_.end() || --known->second.users > 0) {
            co_return; // of two orders that share an authorization, the second
        }
        const record_state last = std::move(known->second);
        wanted_.erase(known);
        if (!last.tried) {
            co_return;
        }
        txt_task record = record_of(task);
        record.target = last.target;
        const std::string where = record.target;
        auto gone = co_await provider_->remove(std::move(record));
        if (!gone) {
            event left{.id = "dns.record_left",
                       .level = severity::warning,
                       .certificate = {},
                       .message =
                           gone.error()
                               .within(fmt::format("the TXT record at {} could not be removed; it does no "
                                                   "harm, but nobody else will remove it",
                                                   where))
                               .text(),
                       .fields = {{"record", where}}};
            parts_.events.emit(left);
        }
    }

private:
    using record_key = std::pair<std::string, std::string>; ///< name and value
    struct record_state {
        unsigned users = 0;
        bool tried = false;
        std::string target;
    };

    [[nodiscard]] txt_task record_of(const challenge_task& task) const {
        txt_task record;
        record.domain = task.name.base();
        record.token = task.token;
        record.key_authorization = task.key_authorization;
        record.record =
            settings_.per_account ? account_record(task.name, task.account_url) : challenge_record(task.name);
        record.target = record.record;
        record.value = record_value(task.key_authorization);
        return record;
    }
    [[nodiscard]] record_key key_of(const challenge_task& task) const {
        txt_task record = record_of(task);
        return {std::move(record.record), std::move(record.value)};
    }

    awaitable<result<void>> wait_for_servers(txt_task record) {
        if (settings_.check != propagation_check::off) {
            dns::wait_pace how;
            how.patience = settings_.patience;
            how.pace = settings_.pace;
            auto seen = co_await dns::wait_until_everywhere(parts_.dns, parts_.time, record.target,
                                                            record.value, how);
            if (!seen && settings_.check == propagation_check::enforce) {
                co_return fail(std::move(seen.error()));
            }
            if (!seen) {
                event unseen{.id = "dns.record_not_seen",
                             .level = severity::warning,
                             .certificate = {},
                             .message = seen.error().within("the CA is asked all the same").text(),
                             .fields = {{"record", record.target}}};
                parts_.events.emit(unseen);
            }
        }
        if (settings_.settling > milliseconds(0)) {
            co_await sleep_for(parts_.time, settings_.settling);
        }
        co_return result<void>();
    }

    std::unique_ptr<dns_provider> provider_;
    dns01_parts parts_;
    dns01_settings settings_;
    std::map<record_key, record_state> wanted_;
};

} // namespace

std::unique_ptr<solver> make_dns01_solver(std::unique_ptr<dns_provider> provider, dns01_parts parts,
                                          dns01_settings settings) {
    return std::make_unique<dns01_solver>(std::move(provider), parts, settings);
}

} // namespace evercert::solvers
