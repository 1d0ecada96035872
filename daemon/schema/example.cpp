#include "daemon/schema/example.hpp"

#include "config/schema.hpp"
#include "daemon/schema/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace evercert::daemon {
namespace {

using config::schema_node;
using config::schema_row;
using config::value_type;

constexpr std::size_t width = 100;

constexpr std::string_view head =
    "# yaml-language-server: $schema=/usr/share/evercert/evercert.schema.json\n"
    "#\n"
    "# /etc/evercert/evercert.yaml: every key, each with what it does and its default, all commented out.\n"
    "# evercert.yaml(5) says more; `evercert check FILE` tells every mistake in a file.\n"
    "#\n"
    "# What must be set: agree_to_terms and certificates. The smallest file that is of use, an address for\n"
    "# mail included:\n"
    "#\n"
    "#     email: ops@example.com\n"
    "#     agree_to_terms: true\n"
    "#     certificates:\n"
    "#       - { names: [example.com, www.example.com], deploy: [nginx] }\n";

class example_writer {
public:
    std::string write() {
        out_ = head;
        for (const std::string_view key : config::schema_tree().keys) {
            out_ += '\n';
            const schema_node& node = config::schema_tree().below.at(key);
            value(node, std::string(key), key, 0, false, true, nullptr);
        }
        return std::move(out_);
    }

private:
    void explain(const schema_row& row, std::size_t indent) {
        if (!explained_.insert(&row).second) {
            return;
        }
        std::string text(row.sentence);
        if (row.required) {
            text += " Needed.";
        }
        if (!row.allowed.empty()) {
            text += fmt::format(" One of: {}.", fmt::join(row.allowed_words(), ", "));
        }
        if (!row.fallback.empty()) {
            text += fmt::format(" Default: {}.", row.fallback);
        }
        const std::string lead = std::string(indent, ' ') + "#";
        std::string line = lead;
        for (std::string_view rest = text; !rest.empty();) {
            const auto space = rest.find(' ');
            const std::string_view word = rest.substr(0, space);
            if (line.size() + 1 + word.size() > width && line != lead) {
                out_ += line + "\n";
                line = lead;
            }
            line += " " + std::string(word);
            rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
        }
        out_ += line + "\n";
    }

    void hidden(std::size_t indent, std::string_view text) {
        out_ += fmt::format("{}#{}\n", std::string(indent, ' '), text);
    }

    /// One key with what is below it. The first of a list's item carries the item's hyphen.
    void value(const schema_node& node, const std::string& place, std::string_view key, std::size_t indent,
               bool first_of_item, bool first_entry, const std::vector<std::string>* siblings) {
        const schema_row& row = *node.row;
        const std::size_t at = first_of_item ? indent - 2 : indent;
        explain(row, at);
        const std::string lead = fmt::format("{}{}:", first_of_item ? "- " : "", key);
        if (row.type == value_type::section) {
            hidden(at, lead);
            std::vector<std::string> places; // of the same section in each entry
            for (const std::string& entry : siblings != nullptr ? *siblings : std::vector<std::string>()) {
                places.push_back(fmt::format("{}.{}", entry, key));
            }
            keys(node, place, indent + 2, {}, first_entry, siblings != nullptr ? &places : nullptr);
        } else if (row.type == value_type::named || row.type == value_type::section_list) {
            hidden(at, lead);
            entries(node, place, indent + 2);
        } else {
            hidden(at, fmt::format("{} {}", lead, sample_of(row, place)));
        }
    }

    void entries(const schema_node& node, const std::string& place, std::size_t indent) {
        const bool list = node.row->type == value_type::section_list;
        const auto names = entries_of(*node.row, place);
        std::vector<std::string> places;
        for (const std::string& name : names) {
            places.push_back(list ? fmt::format("{}[{}]", place, name) : fmt::format("{}.{}", place, name));
        }
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!list) {
                hidden(indent, names[i] + ":");
            }
            keys(*node.element(), places[i], indent + 2, list ? places[i] : std::string(), i == 0, &places);
        }
    }

    /// Of several entries each has what was chosen for it, and the first what was chosen for none.
    void keys(const schema_node& node, const std::string& place, std::size_t indent, const std::string& item,
              bool first_entry, const std::vector<std::string>* entries = nullptr) {
        bool hyphen = !item.empty();
        for (const std::string_view key : node.keys) {
            const bool chosen = is_shown(fmt::format("{}.{}", place, key));
            const bool elsewhere =
                entries != nullptr && std::ranges::any_of(*entries, [&](const auto& other) {
                    return is_shown(fmt::format("{}.{}", other, key));
                });
            if (chosen || (first_entry && !elsewhere)) {
                value(node.below.at(key), fmt::format("{}.{}", place, key), key, indent, hyphen, first_entry,
                      entries);
                hyphen = false;
            }
        }
    }

    std::string out_;
    std::set<const schema_row*> explained_;
};

} // namespace

std::string example_file() {
    return example_writer().write();
}

} // namespace evercert::daemon
