// evercert account: our accounts at the issuers.
#include "daemon/control/conversation.hpp"
#include "daemon/control/views.hpp"

namespace evercert::daemon {
namespace {

/// The CA is asked, and may be slow.
constexpr milliseconds longest_account_errand = std::chrono::minutes(3);

} // namespace

int run_account(const conversation& with) {
    const cli_options& options = with.options();
    const wall_time now = with.world().time.now();
    const auto view = [&](const lifecycle::account_status& one) { return account_view(one, now); };
    if (options.action == "list") {
        return with.look("/v1/accounts", accounts_from_json,
                         [&](const auto& all) { return accounts_view(all, with.world().width); });
    }
    const std::string path = "/v1/accounts/" + options.name;
    if (options.action == "show") {
        return with.show_answer(with.ask("GET", path, {}, longest_account_errand), account_from_json, view);
    }
    if (options.action == "deactivate" && !options.yes) {
        return with.complain(
            exit_usage,
            fmt::format(
                "the account at {0} would be deactivated for good: the CA takes nothing from it any more, so "
                "certificates from {0} can be neither renewed nor revoked with it. They stay valid until "
                "they "
                "expire, and nothing is ordered there until accounts/{0} under data_dir is removed. If that "
                "is meant, say `evercert account deactivate {0} --yes`",
                options.name));
    }
    const auto text =
        with.ask("POST", fmt::format("{}/{}", path, options.action), {}, longest_account_errand);
    return with.show_answer(text, account_from_json, [&](const lifecycle::account_status& one) {
        return fmt::format("{}: {}\n{}", options.name,
                           options.action == "rollover"
                               ? "the account has a new key, the CA has confirmed it"
                               : "the account is deactivated, the CA has confirmed it",
                           view(one));
    });
}

} // namespace evercert::daemon
