#include "daemon/schema/manual.hpp"

#include "config/schema.hpp"
#include "config/value.hpp"
#include "daemon/schema/roff.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

using config::schema_row;
using config::value_type;

/// Of the text, not of the build: the same sources make the same page.
constexpr std::string_view date = "2026-11-22";

constexpr std::string_view introduction[] = {
    "`evercertd` is told by one YAML file what to do.",
    "Four lines are enough, everything else has a default:",
};

constexpr std::string_view four_lines = "email: ops@example.com\n"
                                        "agree_to_terms: true\n"
                                        "certificates:\n"
                                        "  - { names: [example.com, www.example.com], deploy: [nginx] }\n";

constexpr std::string_view rules[] = {
    "The file is UTF-8 and at most 8 MiB long; one document, without tabs in front of keys.",
    "Every mistake is told at once, as file:line:column: key: what is wrong, what is allowed.",
    "Unknown keys, keys given twice and keys without a value are mistakes, and a file with a mistake never "
    "replaces a running configuration.",
    "`evercert reload` or SIGHUP loads the file anew: what did not change is not disturbed, and what was "
    "removed "
    "is no longer renewed while its files stay.",
    "A relative path starts at the working directory, which is / for a service.",
    "Secrets never stand in the file itself: keys that end in _file name files, those that end in "
    "_credential "
    "name systemd credentials.",
};

constexpr std::string_view units[] = {
    "A duration is a number with a unit, ms, s, m, h or d, or several from large to small: 30s, 1h30m.",
    "A rate is a count and a duration, such as 300/3h, or off.",
    "An address and port is written 0.0.0.0:80 or [::]:80, in quotes inside of brackets.",
    "off, yes and no are plain words, as YAML 1.2 has it; a flag is true or false.",
};

constexpr std::string_view files[][2] = {
    {"/etc/evercert/evercert.yaml", "The configuration, unless `--config` names another."},
    {"/usr/share/doc/evercert/examples/evercert.yaml", "Every key, commented out."},
    {"/usr/share/evercert/evercert.schema.json",
     "JSON Schema of the file, for editors; `evercert schema` prints it."},
};

/// "issuers.*.eab" as people read it.
std::string heading_of(std::string_view path) {
    std::string out = "\\fB";
    for (const char c : path) {
        out += c == '*' ? "\\fINAME\\fB" : roff_escape({&c, 1});
    }
    return out + "\\fR";
}

template <class Lines>
std::string paragraph(const Lines& lines) {
    std::string out;
    for (const std::string_view line : lines) {
        out += roff_prose(line);
    }
    return out;
}

bool has_keys_only(const schema_row& row) {
    return row.type == value_type::section || row.type == value_type::named ||
           row.type == value_type::section_list;
}

std::string key_text(const schema_row& row) {
    std::string out = fmt::format(".TP\n{}\n{}", heading_of(row.path), roff_prose(row.sentence));
    if (row.required) {
        out += "Needed.\n";
    }
    if (has_keys_only(row)) {
        return out;
    }
    out += roff_prose(fmt::format("Allowed: {}.", config::allowed_values(row)));
    if (!row.fallback.empty()) {
        out += roff_prose(fmt::format("Default: {}.", row.fallback));
    }
    return out;
}

/// "issuers" of "issuers.*.eab".
std::string_view top_of(std::string_view path) {
    return path.substr(0, path.find_first_of(".["));
}

std::string keys_text() {
    std::string out = ".SS Values at the top\n";
    std::string groups;
    for (const schema_row& row : config::schema()) {
        const bool at_top = row.path == top_of(row.path);
        if (at_top && has_keys_only(row)) {
            groups += fmt::format(".SS {}\n{}{}", roff_escape(row.path), roff_prose(row.sentence),
                                  row.required ? "Needed.\n" : "");
        } else if (at_top) {
            out += key_text(row);
        } else if (!row.path.ends_with(".*") && !row.path.ends_with("[]")) {
            groups += key_text(row); // of the names and items themselves their keys say enough
        }
    }
    return out + groups;
}

} // namespace

std::string manual_page() {
    std::string out = ".\\\" Made by `evercert schema --format man` from the table of keys.\n";
    out += fmt::format(".TH EVERCERT.YAML 5 {} \"evercert {}\" \"evercert\"\n", date, EVERCERT_VERSION);
    out += ".SH NAME\nevercert.yaml \\- configuration of the certificate daemon evercertd\n";
    out += ".SH SYNOPSIS\n.I /etc/evercert/evercert.yaml\n.SH DESCRIPTION\n" + paragraph(introduction);
    out += ".PP\n.in +4n\n.EX\n";
    for (std::string_view rest = four_lines; !rest.empty();) {
        const auto end = rest.find('\n');
        out += roff_escape(rest.substr(0, end)) + "\n";
        rest.remove_prefix(end + 1);
    }
    out += ".EE\n.in\n.PP\n" + paragraph(rules);
    out += ".PP\n" + paragraph(units);
    out += ".SH KEYS\n.I NAME\nis a name of your choice, 1 to 100 of a\\-z, 0\\-9,\n.BR . ,\n.B _\nand\n.BR "
           "\\- ,\n"
           "a letter or digit first.\n";
    out += keys_text();
    out += ".SH FILES\n";
    for (const auto& [path, what] : files) {
        out += fmt::format(".TP\n.I {}\n{}", roff_escape(path), roff_prose(what));
    }
    return out + ".SH SEE ALSO\n.BR evercert (1),\n.BR evercertd (8)\n";
}

} // namespace evercert::daemon
