// Walks the schema: a reload sees every key that changes.
#include "config/diff.hpp"
#include "config/document.hpp"
#include "config/files.hpp"
#include "config/schema.hpp"
#include "config/text_check.hpp"
#include "tests/config/loading.hpp"

#include <map>
#include <string>
#include <string_view>

using namespace evercert;
using namespace evercert::config;

namespace {

/// Another value for what has this one ("" for any). As `rewriter` writes them.
struct other_value {
    std::string_view was;
    std::string_view is;
};

/// A document as YAML again, but for one row of the schema: that has another value, or is left out.
class rewriter {
public:
    rewriter(const schema_row& row, const other_value* other) : row_(row), other_(other) {}

    [[nodiscard]] std::string rewrite(node at, const schema_node* rows) const {
        std::string out;
        switch (at.kind()) {
        case node_kind::map:
            for (auto key = at.first(); key; key = key->next()->next()) {
                add(quoted(key->text()) + ": ", *key->next(), child(rows, key->text()), out);
            }
            return "{" + out + "}";
        case node_kind::list:
            for (const node item : children(at)) {
                add("", item, rows == nullptr ? nullptr : rows->element(), out);
            }
            return "[" + out + "]";
        default:
            return quoted(at.text());
        }
    }

private:
    void add(const std::string& key, node value, const schema_node* rows, std::string& out) const {
        const std::string is = rewrite(value, rows);
        if (rows == nullptr || rows->row != &row_) {
            out += key + is + ", ";
        } else if (other_ != nullptr) {
            const bool meant = other_->was.empty() || other_->was == is;
            out += key + (meant ? std::string(other_->is) : is) + ", ";
        }
    }
    static const schema_node* child(const schema_node* rows, std::string_view key) {
        if (rows == nullptr) {
            return nullptr;
        }
        const auto at = rows->below.find(key);
        return at == rows->below.end() ? rows->element() : &at->second;
    }
    static std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

    const schema_row& row_;
    const other_value* other_;
};

/// For keys that cannot be left out of the file below, or that say the default there.
const std::map<std::string_view, other_value>& other_values() {
    static const std::map<std::string_view, other_value> all{
        {"status.listen", {"", "\"127.0.0.1:9403\""}},
        {"issuers.*.directory", {"", "\"https://other.corp/dir\""}},
        {"issuers.*.eab.key_id", {"", "other"}},
        {"issuers.*.eab.hmac_key_file", {"", "/proc/sys/kernel/pid_max"}},
        {"issuers.*.eab.hmac_key_credential", {"", "other.eab"}},
        {"challenges.*.type", {"\"dns-account-01\"", "dns-01"}},
        {"challenges.*.provider", {"\"hetzner\"", "desec"}},
        {"challenges.*.server", {"", "\"10.0.0.54:53\""}},
        {"challenges.*.zone", {"\"example.com\"", "example.org"}},
        {"challenges.*.nameserver", {"", "ns2.acme.example.net"}},
        {"challenges.*.addresses", {"", "192.0.2.2"}},
        {"challenges.*.url", {"", "\"https://other.example/\""}},
        {"challenges.*.secret_file", {"", "/etc/other"}},
        {"challenges.*.aws_profile", {"", "other"}},
        {"challenges.*.convention", {"\"lego\"", "lego-raw"}},
        {"challenges.*.command", {"", "[/opt/other]"}},
        {"deployments.*.command", {"", "[/opt/other]"}},
        {"deployments.*.reload_unit", {"", "other.service"}},
        {"notify[].webhook", {"\"https://hook.example.net/\"", "\"https://other.example.net/\""}},
        {"notify[].mail", {"", "other@example.com"}},
        {"notify[].sendmail", {"", "/usr/sbin/other"}},
        {"notify[].command", {"", "[/opt/other]"}},
        {"defaults.issuers", {"", "[corp, lab]"}},
        {"defaults.outputs[].directory", {"", "\"/srv/other/{name}\""}},
        {"defaults.outputs[].formats", {"", "[pkcs12]"}},
        {"certificates[].names", {"[\"host\", ]", "[other]"}},
        {"certificates[].keys", {"", "[rsa-2048]"}},
        {"certificates[].deploy", {"", "[apache]"}},
        {"certificates[].outputs[].directory", {"\"/srv/tls\"", "/srv/other"}},
        {"certificates[].outputs[].formats", {"[\"cert\", \"chain\", ]", "[cert]"}},
    };
    return all;
}

/// What only allows something else, and cannot change by itself.
bool only_allows(const schema_row& row) {
    return row.path == "agree_to_terms" || row.path == "notify[].plain_http";
}

bool holds_others(const schema_row& row) {
    return row.type == value_type::section || row.type == value_type::named ||
           row.type == value_type::section_list;
}

/// With a certificate that needs all there is.
settings load(const std::string& yaml) {
    settings made = testing::good(yaml);
    issuance_policy policy;
    policy.challenges.clear();
    policy.issuers.clear();
    for (const auto& [name, any] : made.issuers) {
        policy.issuers.push_back(name);
    }
    for (const auto& [name, any] : made.challenges) {
        policy.challenges.push_back(name);
    }
    for (const auto& [name, any] : made.deployments) {
        policy.deploy.push_back(name);
    }
    managed_certificate all;
    all.name = "all";
    all.policy = std::make_shared<const issuance_policy>(std::move(policy));
    made.certificates.push_back(std::make_shared<const managed_certificate>(std::move(all)));
    return made;
}

bool sees_something(const difference& found) {
    return !(found.added.empty() && found.changed.empty() && found.removed.empty() && found.others.empty() &&
             found.needs_restart.empty());
}

} // namespace

TEST_CASE("a reload sees every key that changes") {
    const std::string path = std::string(EVERCERT_TEST_DATA) + "/../fuzz/corpus/config/everything.yaml";
    const auto text = read_file(path, max_file_size, true);
    REQUIRE(text.has_value());
    document yaml;
    mistake_list mistakes("f");
    REQUIRE(parse_document(*text, yaml, mistakes));
    const settings before = load(*text);
    const schema_row none;
    REQUIRE(!sees_something(
        compare(before, load(rewriter(none, nullptr).rewrite(*yaml.root(), &schema_tree())))));
    for (const schema_row& row : schema()) {
        if (only_allows(row) || holds_others(row)) {
            continue;
        }
        const auto other = other_values().find(row.path);
        const rewriter with(row, other == other_values().end() ? nullptr : &other->second);
        const std::string changed = with.rewrite(*yaml.root(), &schema_tree());
        CAPTURE(row.path);
        CHECK(sees_something(compare(before, load(changed))));
    }
}
