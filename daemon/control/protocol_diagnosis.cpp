// What stands in the way of a proof.
#include "daemon/control/json_record.hpp"
#include "daemon/control/json_words.hpp"
#include "daemon/control/protocol.hpp"

#include <array>

namespace evercert::daemon {
namespace {

void write_finding(json::writer& out, const finding& one) {
    out.begin_object();
    out.member("check", one.check);
    out.member("weight", to_string(one.weight));
    out.member("name", one.name);
    out.member("looked_at", one.looked_at);
    out.member("seen", one.seen);
    out.member("change", one.change);
    out.end_object();
}

std::optional<finding_weight> parse_weight(std::string_view text) {
    return parse_word(std::array{finding_weight::good, finding_weight::unsure, finding_weight::trouble},
                      text);
}

result<finding> read_finding(const json::value& from) {
    finding one;
    record_reader in(from);
    in.text("check", one.check);
    read_word(in, "weight", parse_weight, one.weight);
    in.text("name", one.name);
    in.text("looked_at", one.looked_at);
    in.text("seen", one.seen);
    in.text("change", one.change);
    return in.finish(std::move(one));
}

result<lifecycle::diagnosis> read_diagnosis(const json::value& from) {
    lifecycle::diagnosis made;
    record_reader in(from);
    in.text("certificate", made.certificate);
    in.text("issuer", made.issuer);
    in.list("findings", made.findings, read_finding);
    return in.finish(std::move(made));
}

} // namespace

std::string diagnosis_to_json(const lifecycle::diagnosis& made) {
    json::writer out;
    begin_answer(out);
    out.key("diagnosis").begin_object();
    out.member("certificate", made.certificate);
    out.member("issuer", made.issuer);
    write_list(out, "findings", made.findings, write_finding);
    out.end_object().end_object();
    return out.text();
}

result<lifecycle::diagnosis> diagnosis_from_json(std::string_view text) {
    return read_answer<lifecycle::diagnosis>(text, "diagnosis", read_diagnosis);
}

} // namespace evercert::daemon
