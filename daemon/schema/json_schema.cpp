#include "daemon/schema/json_schema.hpp"

#include "config/schema.hpp"
#include "config/value.hpp"
#include "core/json/writer.hpp"

#include <fmt/format.h>

#include <charconv>

namespace evercert::daemon {
namespace {

using config::schema_node;
using config::schema_row;
using config::value_type;

constexpr std::string_view safe_name = "^[a-z0-9][a-z0-9._-]{0,99}$";
constexpr std::string_view no_spaces = "^\\S+$";
constexpr std::string_view plain_text = "^[^\\x00-\\x1f\\x7f]+$";
constexpr std::string_view duration = "([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?";

/// What a text of that type looks like.
std::string pattern_of(value_type type) {
    switch (type) {
    case value_type::flag:
        return "^(true|True|TRUE|false|False|FALSE)$";
    case value_type::integer:
        return "^-?[0-9]+$";
    case value_type::duration:
        return fmt::format("^{}$", duration);
    case value_type::rate:
        return fmt::format("^(off|[ \\t]*0*[1-9][0-9]*[ \\t]*/[ \\t]*{}[ \\t]*)$", duration);
    case value_type::https_url:
        return "^[Hh][Tt][Tt][Pp][Ss]://[A-Za-z0-9._~:/?\\[\\]!$&'()*+,;=%@-]+$";
    case value_type::http_url:
        return "^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9._~:/?\\[\\]!$&'()*+,;=%@-]+$";
    case value_type::endpoint_one:
    case value_type::endpoints:
        return "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+$";
    case value_type::emails:
        return "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^@\\s]+$";
    case value_type::host_name:
        return "^[^\\s_*/:@]+$";
    case value_type::addresses:
        return "^[0-9A-Fa-f:.]+$";
    case value_type::unit:
        return "^[A-Za-z0-9:_.\\\\@][A-Za-z0-9:_.\\\\@-]*\\.service$";
    case value_type::identifiers:
        return std::string(no_spaces);
    case value_type::safe_name:
        return std::string(safe_name);
    case value_type::file_mode:
        return "^[0-7]{3,4}$";
    case value_type::argv: // an argument may be of several lines
        return {};
    default:
        return std::string(plain_text);
    }
}

/// What YAML may have made of it; the loader sees the text as it stands in the file.
std::vector<std::string> json_types(value_type type) {
    switch (type) {
    case value_type::flag:
        return {"boolean", "string"};
    case value_type::integer:
        return {"integer", "string"};
    case value_type::duration:
    case value_type::rate:
    case value_type::https_url:
    case value_type::http_url:
    case value_type::endpoint_one:
    case value_type::endpoints:
    case value_type::emails:
    case value_type::host_name:
    case value_type::addresses:
    case value_type::unit:
    case value_type::identifiers:
        return {"string"};
    default: // a name such as 2026 is a text to us
        return {"string", "number", "boolean"};
    }
}

class schema_writer {
public:
    std::string write() {
        out_.begin_object().member("$schema", "https://json-schema.org/draft/2020-12/schema");
        out_.member("title", "evercert.yaml");
        out_.member("description", "The configuration of evercert " EVERCERT_VERSION ", evercert.yaml(5).");
        map_of(config::schema_tree());
        out_.end_object();
        return out_.text();
    }

private:
    void length(const schema_row& row, const char* least, const char* most) {
        if (row.low > 0) {
            out_.member(least, row.low);
        }
        if (row.high > 0) {
            out_.member(most, row.high);
        }
    }

    /// Keywords of one value, or of one item of a list.
    void scalar(const schema_row& row) {
        if (!row.allowed.empty()) {
            out_.key("enum").begin_array();
            for (const std::string_view word : row.allowed_words()) {
                out_.string(word);
            }
            out_.end_array();
            return;
        }
        const auto types = json_types(row.type);
        if (types.size() == 1) {
            out_.member("type", types.front());
        } else {
            out_.member("type", types);
        }
        if (row.type == value_type::integer) {
            out_.member("minimum", row.low).member("maximum", row.high);
        }
        if (row.type == value_type::duration) {
            out_.member("minLength", std::int64_t{1});
        }
        if (const std::string pattern = pattern_of(row.type); !pattern.empty()) {
            out_.member("pattern", pattern);
        }
    }

    void list(const schema_row& row) {
        out_.member("type", "array");
        length(row, "minItems", "maxItems");
        if (row.type == value_type::argv) { // the program is not empty; arguments may be
            out_.key("prefixItems").begin_array().begin_object();
            scalar(row);
            out_.member("minLength", std::int64_t{1}).end_object().end_array();
        }
        out_.key("items").begin_object();
        scalar(row);
        out_.end_object();
    }

    void plain(const schema_row& row) {
        if (config::takes_one_or_list(row.type)) {
            out_.key("anyOf").begin_array().begin_object();
            scalar(row);
            out_.end_object().begin_object();
            list(row);
            out_.end_object().end_array();
        } else if (config::takes_list(row.type)) {
            list(row);
        } else {
            scalar(row);
        }
    }

    void patterns(const schema_row& row) {
        schema_row each = row;
        each.type = value_type::preference;
        out_.member("type", "object");
        length(row, "minProperties", "maxProperties");
        out_.key("propertyNames").begin_object().member("pattern", no_spaces).end_object();
        out_.key("additionalProperties").begin_object();
        plain(each);
        out_.end_object();
    }

    void map_of(const schema_node& node) {
        out_.member("type", "object").member_bool("additionalProperties", false);
        out_.key("properties").begin_object();
        std::vector<std::string> required;
        for (const std::string_view key : node.keys) {
            const schema_node& child = node.below.at(key);
            out_.key(key).begin_object();
            value(child);
            out_.end_object();
            if (child.row->required) {
                required.emplace_back(key);
            }
        }
        out_.end_object();
        if (!required.empty()) {
            out_.member("required", required);
        }
    }

    void fallback(const schema_row& row) {
        std::string_view text = row.fallback;
        out_.key("default");
        if (row.type == value_type::flag) {
            out_.boolean(text == "true");
        } else if (std::int64_t number = 0; row.type == value_type::integer) {
            std::from_chars(text.data(), text.data() + text.size(), number);
            out_.integer(number);
        } else if (text.starts_with('[')) {
            out_.begin_array();
            for (std::string_view rest = text.substr(1, text.size() - 2); !rest.empty();) {
                const auto comma = rest.find(", ");
                out_.string(rest.substr(0, comma));
                rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
            }
            out_.end_array();
        } else {
            out_.string(text);
        }
    }

    void value(const schema_node& node) {
        const schema_row& row = *node.row;
        out_.member("description", row.sentence);
        if (!row.fallback.empty()) {
            fallback(row);
        }
        if (row.type == value_type::section) {
            map_of(node);
        } else if (row.type == value_type::named) {
            out_.member("type", "object");
            out_.key("propertyNames").begin_object().member("pattern", safe_name).end_object();
            out_.key("additionalProperties").begin_object();
            value(*node.element());
            out_.end_object();
        } else if (row.type == value_type::section_list) {
            out_.member("type", "array").key("items").begin_object();
            value(*node.element());
            out_.end_object();
        } else if (row.type == value_type::preferences) {
            patterns(row);
        } else {
            plain(row);
        }
    }

    json::writer out_{true};
};

} // namespace

std::string json_schema() {
    return schema_writer().write() + "\n";
}

} // namespace evercert::daemon
