// Walks the schema: every key refuses wrong values at their place, and every stated default is the real one.
#include "config/document.hpp"
#include "config/files.hpp"
#include "config/load.hpp"
#include "config/schema.hpp"
#include "config/text_check.hpp"
#include "config/value.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::config;

namespace {

struct placed {
    std::string yaml;
    std::string key;
    int line = 0;
    int column = 0; ///< of the value
    int key_column = 0;
};

/// A file in which the row's key has `value`, and every section on the way has as few other keys as it needs.
/// A user's own name is "nginx" or "letsencrypt", whose entries need nothing.
placed file_with(const schema_row& row, const std::string& value) {
    placed out;
    std::string indent;
    std::string rest(row.path);
    bool in_list = false;
    out.line = 1;
    if (!row.path.starts_with("certificates")) {
        out.yaml = "certificates: []\n";
        out.line = 2;
    }
    while (true) {
        const auto end = rest.find_first_of(".[", 1);
        std::string head = rest.substr(0, end);
        const bool last = end == std::string::npos;
        if (head == "[]") {
            out.key += "[0]";
            if (last) {
                out.yaml += indent + "- " + value + "\n";
                out.column = out.key_column = static_cast<int>(indent.size()) + 3;
                return out;
            }
            in_list = true;
        } else {
            if (head == "*") {
                head = row.path.starts_with("deployments") ? "nginx"
                       : row.path.starts_with("issuers")   ? "letsencrypt"
                                                           : "c";
            }
            out.key += (out.key.empty() ? "" : ".") + head;
            const std::string lead = indent + (in_list ? "- " : "");
            if (in_list) {
                indent += "  ";
            }
            in_list = false;
            out.yaml += lead + head + ":" + (last ? " " + value : "") + "\n";
            if (last) {
                out.key_column = static_cast<int>(lead.size()) + 1;
                out.column = out.key_column + static_cast<int>(head.size()) + 2;
                return out;
            }
            ++out.line;
            indent += "  ";
        }
        rest = rest.substr(rest[end] == '.' ? end + 1 : end);
    }
}

bool reported(const placed& file, const std::string& key, int column) {
    const auto loaded = load_text(file.yaml, "f");
    if (loaded) {
        return false;
    }
    return std::any_of(loaded.error().begin(), loaded.error().end(), [&](const mistake& m) {
        return m.key == key && m.line == file.line && m.column == column && !m.text.empty();
    });
}

/// Scalars no key of that type accepts; a list type gets them as its only item.
std::vector<std::string> wrong_scalars(value_type type) {
    switch (type) {
    case value_type::flag:
        return {"maybe", "1", "yes", "\"\""};
    case value_type::integer:
        return {"many", "1.5", "-1", "0", "99999999999999999999", "0x10", "\"\""};
    case value_type::duration:
        return {"fast", "5", "-5s", "999d", "1m1h", "\"\""};
    case value_type::rate:
        return {"300",    "300/3", "/3h",    "300/h",     "3h/300",       "0/3h",    "-1/3h",
                "1.5/3h", "300/",  "300/0s", "1000001/h", "9999999/1h",   "1/9999d", "300 per 3h",
                "none",   "Off",   "false",  "300/3h/2",  "300/3h 50/7d", "300//3h", "\"\""};
    case value_type::choice:
    case value_type::choices:
        return {"zzz", "\"\"", "true"};
    case value_type::https_url:
        return {"x", "ftp://x/y", "https://", "https://a_b/", "\"https://a/\\t\"", "\"\""};
    case value_type::http_url:
        return {"x", "ftp://x/y", "http://", "http://a_b/", "\"http://a/\\t\"", "\"\""};
    case value_type::verify_targets:
        return {"nowhere",
                "ftp://127.0.0.1:21",
                "\"imaps://127.0.0.1:993\"",
                "smtp://localhost:25",
                "smtp://127.0.0.1",
                "\"127.0.0.1:0\"",
                "\"\""};
    case value_type::endpoint_one:
    case value_type::endpoints:
        return {"nowhere", "\"1.2.3.4\"", "\"1.2.3.4:99999\"", "\"[::1]\"", "\"\""};
    case value_type::emails:
        return {"x", "a@b@c.example", "a b@c.example", "\"a@c.example\\n\"", "\"\""};
    case value_type::host_name:
    case value_type::host_names:
        return {"a_b.example", "192.0.2.1", "\"*.a.example\"", "..", "\"\""};
    case value_type::addresses:
        return {"ns.example.net", "192.0.2.256", "\"192.0.2.1:53\"", "\"\""};
    case value_type::unit:
        return {"x", "a/b.service", "\"\""};
    case value_type::safe_name:
        return {"..", "-a", "a/b", "\"\""};
    case value_type::file_mode:
        return {"8", "0888", "04640", "0240", "rw-r-----", "-640", "416 ", "64", "0x1a0", "\"\""};
    case value_type::identifiers:
        return {"-bad-.example", "..", "\"\"", "\"a b.example\""};
    case value_type::references:
    case value_type::preference:
    case value_type::preferences:
        return {"no-such-thing", "\"\""};
    case value_type::argv:
        return {"\"\""};
    case value_type::text:
    case value_type::path:
        return {"\"\"", "\"a\\nb\""};
    default:
        return {};
    }
}

bool is_list(value_type type) {
    static const std::set<value_type> lists = {value_type::argv, value_type::choices, value_type::references,
                                               value_type::identifiers};
    return lists.contains(type);
}

bool is_map(value_type type) {
    return type == value_type::section || type == value_type::named || type == value_type::preferences;
}

} // namespace

TEST_CASE("every key of the schema has a sentence and a place in the tree") {
    std::set<std::string_view> paths;
    for (const schema_row& row : schema()) {
        CAPTURE(row.path);
        CHECK(paths.insert(row.path).second);
        CHECK(row.sentence.ends_with("."));
        CHECK((row.type == value_type::choice || row.type == value_type::choices) == !row.allowed.empty());
    }
    CHECK(schema_tree().keys.size() == 13);
    CHECK(schema_tree().below.at("issuers").element()->below.at("eab").keys ==
          std::vector<std::string_view>{"key_id", "hmac_key_file", "hmac_key_credential"});
}

TEST_CASE("every key refuses a value of another type at its place") {
    for (const schema_row& row : schema()) {
        std::vector<std::string> values;
        if (!is_map(row.type)) {
            values.emplace_back("{wrong: type}");
        }
        if (is_map(row.type) || row.type == value_type::section_list || is_list(row.type)) {
            values.emplace_back("word");
        }
        if (is_map(row.type)) {
            values.emplace_back("[a]");
        } else if (!is_list(row.type) && row.type != value_type::section_list) {
            values.emplace_back("[[a]]");
        }
        for (const std::string& value : values) {
            const placed file = file_with(row, value);
            INFO(row.path << " in\n" << file.yaml);
            const bool item = value == "[[a]]" && takes_one_or_list(row.type);
            CHECK(reported(file, file.key + (item ? "[0]" : ""), file.column + (item ? 1 : 0)));
        }
        if (row.path.ends_with("[]")) {
            continue; // an absent item has no key to point at
        }
        for (const std::string nothing : {"", "~", "null"}) {
            const placed file = file_with(row, nothing);
            INFO(row.path << " in\n" << file.yaml);
            CHECK(reported(file, file.key, file.key_column));
        }
    }
}

TEST_CASE("no key ignores a wrong value") {
    for (const schema_row& row : schema()) {
        for (const std::string& value : wrong_scalars(row.type)) {
            const bool list = is_list(row.type);
            const placed file = file_with(row, list ? "[" + value + "]" : value);
            INFO(row.path << " in\n" << file.yaml);
            CHECK(reported(file, file.key + (list ? "[0]" : ""), file.column + (list ? 1 : 0)));
        }
    }
}

namespace {

/// A notification that has this key.
std::string notification_with(std::string_view key) {
    return key == "sendmail" ? "mail: a@b.example" : "webhook: \"https://a.example\"";
}

/// A challenge that has this key.
std::string kind_with(std::string_view key) {
    if (key == "redirect_to_https") {
        return "type: http-01";
    }
    const std::string dns = "type: dns-01, provider: ";
    return key == "aws_profile" ? dns + "route53, secret_file: /x"
           : key == "raw"       ? dns + "httpreq, url: \"https://a.example\""
                                : dns + "exec, convention: dehydrated, command: [x]";
}

} // namespace

TEST_CASE("every stated default is the real one") {
    int seen = 0;
    for (const schema_row& row : schema()) {
        if (row.fallback.empty()) {
            continue;
        }
        // The section must be a legal one with and without the key.
        std::string base = "agree_to_terms: true\ncertificates: [{names: [a.example]}]\n";
        std::string with;
        const std::string pair = fmt::format("{}: {}", row.key(), row.fallback);
        if (row.path == "agree_to_terms") {
            base = "certificates: []\n";
            with = base + pair + "\n";
        } else if (row.path.find('.') == std::string_view::npos) {
            with = base + pair + "\n";
        } else if (row.path.starts_with("challenges.")) {
            const std::string kind = kind_with(row.key());
            with = base + "challenges: {c: {" + kind + ", " + pair + "}}\n";
            base += "challenges: {c: {" + kind + "}}\n";
        } else if (row.path.starts_with("notify[].")) {
            const std::string kind = notification_with(row.key());
            with = base + "notify: [{" + kind + ", " + pair + "}]\n";
            base += "notify: [{" + kind + "}]\n";
        } else if (row.path.starts_with("issuers.*.limits")) {
            with = base + "issuers: {c: {directory: \"https://c/d\", limits: {" + pair + "}}}\n";
            base += "issuers: {c: {directory: \"https://c/d\"}}\n";
        } else if (row.path.starts_with("issuers.")) {
            with = base + "issuers: {c: {directory: \"https://c/d\", " + pair + "}}\n";
            base += "issuers: {c: {directory: \"https://c/d\"}}\n";
        } else if (row.path.starts_with("deployments.")) {
            with = base + "deployments: {c: {command: [x], " + pair + "}}\n";
            base += "deployments: {c: {command: [x]}}\n";
        } else {
            with = base + std::string(row.path.substr(0, row.path.find('.'))) + ": {" + pair + "}\n";
        }
        INFO(with);
        const auto plain = load_text(base, "f");
        const auto stated = load_text(with, "f");
        REQUIRE(plain.has_value());
        REQUIRE(stated.has_value());
        CHECK(*plain == *stated);
        ++seen;
    }
    CHECK(seen >= 18);
}

namespace {

/// Whether a document has something at a schema path, under any name and in any item.
bool has(node at, std::string_view path) {
    if (path.empty()) {
        return true;
    }
    const auto end = path.find_first_of(".[", 1);
    const std::string_view head = path.substr(0, end);
    const std::string_view rest =
        end == std::string_view::npos ? std::string_view() : path.substr(path[end] == '.' ? end + 1 : end);
    if (head == "*") {
        for (auto key = at.first(); key; key = key->next()->next()) {
            if (has(*key->next(), rest)) {
                return true;
            }
        }
        return false;
    }
    if (head == "[]") {
        for (const node item : children(at)) {
            if (has(item, rest)) {
                return true;
            }
        }
        return false;
    }
    const auto below = at.find(head);
    return below && has(*below, rest);
}

} // namespace

TEST_CASE("the seed of the fuzzer has every key of the schema, and is right") {
    const std::string path = std::string(EVERCERT_TEST_DATA) + "/../fuzz/corpus/config/everything.yaml";
    const auto text = read_file(path, max_file_size, true);
    REQUIRE(text.has_value());
    document yaml;
    mistake_list mistakes("f");
    REQUIRE(parse_document(*text, yaml, mistakes));
    for (const schema_row& row : schema()) {
        CAPTURE(row.path);
        CHECK(has(*yaml.root(), row.path));
    }
    const auto loaded = load_text(*text, "f");
    for (const mistake& m : loaded ? std::vector<mistake>() : loaded.error()) {
        UNSCOPED_INFO(m.to_string());
    }
    CHECK(loaded.has_value());
}
