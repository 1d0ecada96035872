// Accounts at the issuers.
#include "daemon/control/json_record.hpp"
#include "daemon/control/json_words.hpp"
#include "daemon/control/protocol.hpp"

namespace evercert::daemon {
namespace {

using lifecycle::account_status;
using level = lifecycle::rate_ledger::level;

void write_level(json::writer& out, const level& limit) {
    out.begin_object();
    out.member("limit", limit.limit);
    out.member("subject", limit.subject);
    out.member("capacity", std::int64_t{limit.capacity});
    out.member("left", static_cast<std::int64_t>(limit.left));
    out.member("full_again", format_time(limit.full_again));
    out.end_object();
}

void write_account(json::writer& out, const account_status& one) {
    out.begin_object();
    out.member("issuer", one.issuer);
    out.member("directory", one.directory);
    out.member("url", one.url);
    out.member("key", one.key);
    out.member("thumbprint", one.thumbprint);
    out.member("contacts", one.contacts);
    out.member_bool("configured", one.configured);
    out.member_bool("deactivated", one.deactivated);
    out.member("status_at_ca", one.at_the_ca);
    out.member("trouble", one.trouble);
    write_list(out, "limits", one.limits, write_level);
    out.end_object();
}

result<level> read_level(const json::value& from) {
    level limit;
    unsigned left = 0;
    record_reader in(from);
    in.text("limit", limit.limit);
    in.text("subject", limit.subject);
    in.number("capacity", limit.capacity);
    in.number("left", left);
    in.time("full_again", limit.full_again);
    limit.left = left;
    return in.finish(std::move(limit));
}

result<account_status> read(const json::value& from) {
    account_status one;
    record_reader in(from);
    in.text("issuer", one.issuer);
    in.text("directory", one.directory);
    in.text("url", one.url);
    in.text("key", one.key);
    in.text("thumbprint", one.thumbprint);
    in.text("contacts", one.contacts);
    in.flag("configured", one.configured);
    in.flag("deactivated", one.deactivated);
    in.text("status_at_ca", one.at_the_ca);
    in.text("trouble", one.trouble);
    in.list("limits", one.limits, read_level);
    return in.finish(std::move(one));
}

} // namespace

std::string accounts_to_json(const std::vector<account_status>& all) {
    json::writer out;
    begin_answer(out);
    write_list(out, "accounts", all, write_account);
    out.end_object();
    return out.text();
}

std::string account_to_json(const account_status& one) {
    json::writer out;
    begin_answer(out);
    out.key("account");
    write_account(out, one);
    out.end_object();
    return out.text();
}

result<std::vector<account_status>> accounts_from_json(std::string_view text) {
    return read_answer_list<account_status>(text, "accounts", read);
}

result<account_status> account_from_json(std::string_view text) {
    return read_answer<account_status>(text, "account", read);
}

} // namespace evercert::daemon
