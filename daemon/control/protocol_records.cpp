// Standing DNS records.
#include "daemon/control/json_record.hpp"
#include "daemon/control/json_words.hpp"
#include "daemon/control/protocol.hpp"

namespace evercert::daemon {
namespace {

using solvers::standing_report;

void write_report(json::writer& out, const standing_report& one) {
    out.begin_object();
    out.member("name", one.name);
    out.member_bool("wildcard", one.wildcard);
    out.member("issuer", one.issuer);
    out.member("record", one.record);
    out.member("value", one.value);
    out.member("line", one.line);
    out.member("state", one.state);
    out.member("problem", one.problem);
    write_time(out, "until", one.until);
    out.end_object();
}

result<standing_report> read_report(const json::value& from) {
    standing_report one;
    record_reader in(from);
    in.text("name", one.name);
    in.flag("wildcard", one.wildcard);
    in.text("issuer", one.issuer);
    in.text("record", one.record);
    in.text("value", one.value);
    in.text("line", one.line);
    in.text("state", one.state);
    in.text("problem", one.problem);
    in.optional_time("until", one.until);
    return in.finish(std::move(one));
}

} // namespace

std::string records_to_json(const std::vector<standing_report>& all) {
    json::writer out;
    begin_answer(out);
    write_list(out, "dns_records", all, write_report);
    out.end_object();
    return out.text();
}

result<std::vector<standing_report>> records_from_json(std::string_view text) {
    return read_answer_list<standing_report>(text, "dns_records", read_report);
}

} // namespace evercert::daemon
