// Accounts at the issuers, for people.
#include "core/base/text.hpp"
#include "daemon/control/labels.hpp"
#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

using lifecycle::account_status;

std::string state_of(const account_status& one) {
    if (one.deactivated) {
        return "deactivated";
    }
    if (one.url.empty()) {
        return "none yet";
    }
    return one.configured ? "in use" : "not configured";
}

std::string level_line(const lifecycle::rate_ledger::level& limit, wall_time now) {
    std::string text = fmt::format("{}: {} of {} left", printable(limit.limit), static_cast<long>(limit.left),
                                   limit.capacity);
    if (limit.full_again > now) {
        text += fmt::format(", all again {}", relative(limit.full_again, now));
    }
    if (!limit.subject.empty()) {
        text += fmt::format(" ({})", escape(limit.subject, 100));
    }
    return text;
}

} // namespace

std::string accounts_view(const std::vector<account_status>& all, std::size_t width) {
    if (all.empty()) {
        return "no accounts\n";
    }
    table out({"ISSUER", "STATE", "KEY", "CONTACTS", "ACCOUNT"});
    for (const account_status& one : all) {
        out.add({printable(one.issuer), state_of(one), printable(one.key),
                 one.contacts.empty() ? "-" : printable(one.contacts),
                 one.url.empty() ? "-" : escape(one.url)});
    }
    return out.render(width);
}

std::string account_view(const account_status& one, wall_time now) {
    labels out;
    out.add("issuer", printable(one.issuer));
    out.add("directory", printable(one.directory));
    out.add("state", state_of(one));
    out.add("account", escape(one.url));
    out.add("contacts", printable(one.contacts));
    out.add("key", printable(one.key));
    out.add("thumbprint", printable(one.thumbprint));
    out.add("at the CA", one.at_the_ca.empty() ? "" : fmt::format("\"{}\"", escape(one.at_the_ca, 100)));
    out.add("trouble", printable(one.trouble));
    std::string_view label = "limits";
    for (const auto& limit : one.limits) {
        out.add(label, level_line(limit, now));
        label = " ";
    }
    return std::move(out).text();
}

} // namespace evercert::daemon
