#include "daemon/migrate/report.hpp"

#include "core/base/text.hpp"
#include "core/json/writer.hpp"
#include "daemon/control/protocol.hpp"
#include "daemon/control/table.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

void append(std::string& out, const remark& each, std::string_view indent) {
    out += fmt::format("{}{}: {}\n", indent, to_string(each.kind), printable(each.text));
}

void append_lines(std::string& out, std::string_view text, std::string_view first, std::string_view others) {
    std::string_view indent = first;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out += fmt::format("{}{}\n", indent, printable(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        indent = others;
    }
}

std::string or_dash(const std::string& text) {
    return text.empty() ? std::string("-") : printable(text, 200);
}

void write(json::writer& out, const std::vector<remark>& remarks) {
    out.key("remarks").begin_array();
    for (const remark& each : remarks) {
        out.begin_object().member("kind", to_string(each.kind)).member("text", each.text).end_object();
    }
    out.end_array();
}

bool has_failed(const std::vector<remark>& remarks) noexcept {
    return std::ranges::any_of(remarks, [](const remark& r) { return r.kind == remark_kind::failed; });
}

} // namespace

std::string_view to_string(remark_kind kind) noexcept {
    switch (kind) {
    case remark_kind::carried:
        return "carried over";
    case remark_kind::changed:
        return "changed";
    case remark_kind::to_do:
        return "to do";
    case remark_kind::left:
        return "left with certbot";
    case remark_kind::failed:
        return "failed";
    }
    return "failed";
}

bool lineage_report::failed() const noexcept {
    return has_failed(remarks);
}

bool import_report::failed() const noexcept {
    return has_failed(general) || std::ranges::any_of(lineages, &lineage_report::failed);
}

std::string report_text(const import_report& report, std::size_t width) {
    std::string out = fmt::format("{} from {}\n\n", report.applied ? "Imported" : "Would be imported",
                                  printable(report.source));
    if (!report.lineages.empty()) {
        table shown({"LINEAGE", "ENTRY", "CERTIFICATE", "CHALLENGE", "DEPLOY"});
        for (const lineage_report& each : report.lineages) {
            shown.add({or_dash(each.lineage), or_dash(each.entry), or_dash(each.certificate),
                       or_dash(each.challenge), or_dash(each.deploy)});
        }
        out += shown.render(width) + "\n";
    }
    for (const lineage_report& each : report.lineages) {
        if (!each.remarks.empty()) {
            out += printable(each.lineage) + "\n";
            for (const remark& one : each.remarks) {
                append(out, one, "  ");
            }
        }
    }
    out += "all\n";
    for (const remark& each : report.general) {
        append(out, each, "  ");
    }
    if (!report.next.empty()) {
        out += "\nNext\n";
        for (std::size_t i = 0; i < report.next.size(); ++i) {
            append_lines(out, report.next[i], fmt::format("  {}. ", i + 1), "     ");
        }
    }
    return out;
}

std::string report_json(const import_report& report) {
    json::writer out;
    out.begin_object().member("schema", std::int64_t{control_schema}).member_bool("applied", report.applied);
    out.member_bool("ok", !report.failed())
        .member("source", report.source)
        .member("config", report.config)
        .member("data_dir", report.data_dir);
    out.key("lineages").begin_array();
    for (const lineage_report& each : report.lineages) {
        out.begin_object().member("lineage", each.lineage).member("entry", each.entry);
        out.member("certificate", each.certificate)
            .member("challenge", each.challenge)
            .member("deploy", each.deploy);
        write(out, each.remarks);
        out.end_object();
    }
    out.end_array();
    write(out, report.general);
    out.member("next", report.next).member("yaml", report.yaml);
    out.end_object();
    return out.text();
}

} // namespace evercert::daemon
