// What else is said: options for all lineages, a lineage's key, and what has no counterpart.
#include "core/base/text.hpp"
#include "daemon/migrate/mapping.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

constexpr std::size_t largest_cli_ini = 64 * 1024;

} // namespace

certbot_options read_cli_ini(const certbot_tree& tree, import_report& report) {
    const auto text = tree.read("cli.ini", largest_cli_ini);
    if (!text && text.error().code == errc::not_found) {
        return {};
    }
    auto parsed = text ? parse_cli_ini(*text) : fail(text.error());
    if (!parsed) {
        report.add(remark_kind::to_do, fmt::format("cli.ini was not used: {}", parsed.error().text()));
        return {};
    }
    return std::move(*parsed);
}

key_type choose_key(const certbot_lineage& from, lineage_report& report) {
    wanted_key wanted = key_by_certbot(from.params);
    if (from.live_key && *from.live_key != wanted.type) {
        report.add(
            remark_kind::changed,
            fmt::format("its key stays {}, which it is now; by its configuration certbot would have made "
                        "{} next",
                        to_string(*from.live_key), to_string(wanted.type)));
        return *from.live_key;
    }
    if (!wanted.changed.empty()) {
        report.add(remark_kind::changed, std::move(wanted.changed));
    }
    return wanted.type;
}

void tell_what_is_not(const certbot_lineage& from, lineage_report& report) {
    if (from.params.flag("must_staple")) {
        report.add(remark_kind::changed, "must-staple is not asked for any more: CAs have given up OCSP");
    }
    if (from.params.flag("allow_subset_of_names")) {
        report.add(remark_kind::changed, "all of its names are proven or none (allow_subset_of_names)");
    }
    if (const auto by = from.params.text("preferred_profile")) {
        report.add(remark_kind::changed,
                   fmt::format("the profile {} is asked for, not only preferred", escape(*by, 60)));
    }
    if (!from.renew_before.empty()) {
        report.add(remark_kind::changed,
                   fmt::format("it is renewed when its CA or its lifetime says, no longer {} before its end "
                               "(renew_before_expiry)",
                               escape(from.renew_before, 60)));
    }
    if (const auto wait = from.plugin_text("propagation_seconds")) {
        report.add(
            remark_kind::changed,
            fmt::format("evercert asks the zone's name servers whether the record is there, and does not "
                        "wait {} seconds",
                        escape(*wait, 20)));
    }
}

} // namespace evercert::daemon
