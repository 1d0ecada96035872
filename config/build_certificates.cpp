#include "config/build.hpp"
#include "config/builtin.hpp"
#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace evercert::config {
namespace {

/// jobs/<name>.json and its temporary name must fit into the 255 bytes of a file name.
constexpr std::size_t longest_derived_name = 200;
constexpr std::size_t most_names = 100;

/// Issuer, challenge, key and deployments, from `defaults` or from a certificate's own keys.
struct choices {
    std::string issuer = "letsencrypt";
    std::string challenge = "http";
    key_type key = key_type::ecdsa_p256;
    std::vector<std::string> deploy;
};

template <class Map>
std::vector<std::string_view> names_in(const Map& map) {
    std::vector<std::string_view> names;
    for (const auto& entry : map) {
        names.push_back(entry.first);
    }
    return names;
}

class certificate_reader {
public:
    certificate_reader(settings& out, mistake_list& mistakes) : out_(out), mistakes_(mistakes) {}

    /// What `from` says about the choices; the rest stays as it is.
    void read_choices(const section& from, const key_path& path, choices& into) {
        if (const auto issuers = from.items("issuers"); issuers && issuers->size() == 1) {
            const node& wanted = issuers->front();
            if (known(wanted, path.key("issuers"), out_.issuers, "issuer", "issuers")) {
                into.issuer = wanted.text();
            }
        }
        if (const auto challenge = from.text("challenge")) {
            if (known(*from.find("challenge"), path, out_.challenges, "challenge", "challenges")) {
                into.challenge = *challenge;
            }
        }
        if (const auto keys = from.items("keys"); keys && keys->size() == 1) {
            into.key = parse_key_type(keys->front().text()).value_or(into.key);
        }
        if (from.find("deploy")) {
            into.deploy = read_deploy(from, path.key("deploy"));
        }
    }

    void read(const section& entry, const key_path& path, const choices& defaults) {
        choices own = defaults;
        read_choices(entry, path, own);
        const issuer& at_issuer = out_.issuers.at(own.issuer);
        const auto issuers = entry.items("issuers");
        use(at_issuer, issuers && !issuers->empty() ? issuers->front().at() : entry.at(), path);

        managed_certificate made;
        made.names = read_names(entry, path.key("names"), !is_public_directory(at_issuer.directory));
        made.issuer = std::move(own.issuer);
        made.challenge = std::move(own.challenge);
        made.key = own.key;
        made.deploy = std::move(own.deploy);
        read_name(entry, path, made);
        out_.certificates.push_back(std::move(made));
    }

    [[nodiscard]] const std::set<std::string>& used_issuers() const { return used_; }

private:
    template <class Map>
    bool known(node wanted, const key_path& list, const Map& map, std::string_view what,
               std::string_view where) {
        const std::string name(wanted.text());
        if (map.contains(name)) {
            return true;
        }
        auto candidates = names_in(map);
        auto hint = did_you_mean(name, candidates);
        const bool is_list = what != "challenge";
        const key_path here = is_list ? list.item(index_of(wanted, what)) : list.key("challenge");
        const std::size_t count = candidates.size();
        candidates.resize(std::min<std::size_t>(count, 20));
        mistakes_.add(wanted.at(), here,
                      fmt::format("there is no {} {}; defined under `{}` or built in: {}{}{}", what,
                                  in_quotes(name), where, fmt::join(candidates, ", "),
                                  count > 20 ? ", ..." : "", hint));
        return false;
    }
    [[nodiscard]] std::size_t index_of(node, std::string_view what) const {
        return what == "issuer" ? 0 : deploy_index_;
    }

    std::vector<std::string> read_deploy(const section& from, const key_path& path) {
        std::vector<std::string> deploy;
        const auto list = from.find("deploy");
        if (list->kind() != node_kind::list) {
            return deploy;
        }
        deploy_index_ = 0;
        for (const node item : children(*list)) {
            const std::string name(item.text());
            if (item.kind() == node_kind::scalar && !name.empty() && deploy.size() < 32) {
                if (std::find(deploy.begin(), deploy.end(), name) != deploy.end()) {
                    mistakes_.add(item.at(), path.item(deploy_index_),
                                  fmt::format("{} stands here twice", in_quotes(name)));
                } else if (known(item, path, out_.deployments, "deployment", "deployments")) {
                    deploy.push_back(name);
                }
            }
            ++deploy_index_;
        }
        return deploy;
    }

    std::vector<identifier> read_names(const section& entry, const key_path& path, bool single_label) {
        std::vector<identifier> names;
        std::vector<place> places;
        const auto list = entry.find("names");
        if (!list || list->kind() != node_kind::list) {
            return names;
        }
        std::size_t index = 0;
        for (const node item : children(*list)) {
            const key_path here = path.item(index++);
            if (item.kind() != node_kind::scalar || item.text().empty()) {
                continue;
            }
            if (index > most_names) {
                break;
            }
            auto name = parse_name(item.text(), single_label);
            if (!name) {
                mistakes_.add(item.at(), here,
                              fmt::format("{}: {}", in_quotes(item.text()), name.error().message));
                continue;
            }
            if (name->wildcard()) {
                mistakes_.add(
                    item.at(), here,
                    fmt::format(
                        "{} is a wildcard, which only dns-01 can prove; this version has http-01 only, "
                        "so list the names one by one",
                        in_quotes(item.text())));
            }
            const auto first = std::find(names.begin(), names.end(), *name);
            if (first != names.end()) {
                mistakes_.add(
                    item.at(), here,
                    fmt::format("{} is the same as the name at {}; leave one out", in_quotes(item.text()),
                                to_string(places[static_cast<std::size_t>(first - names.begin())])));
                continue;
            }
            names.push_back(*std::move(name));
            places.push_back(item.at());
        }
        return names;
    }

    void read_name(const section& entry, const key_path& path, managed_certificate& made) {
        if (!made.names.empty()) {
            const auto [at, is_new] = sets_.try_emplace(identifier_set(made.names), entry.at("names"));
            if (!is_new) {
                mistakes_.add(
                    entry.at("names"), path.key("names"),
                    fmt::format("the certificate at {} has exactly these names; leave one of the two out",
                                to_string(at->second)));
                return;
            }
        }
        place where = entry.at("name");
        if (const auto given = entry.text("name")) {
            made.name = *given;
        } else if (!entry.find("name") && !made.names.empty()) {
            where = entry.at("names");
            made.name = directory_name(made.names.front());
            if (made.name.size() > longest_derived_name) {
                mistakes_.add(
                    where, path.key("name"),
                    fmt::format(
                        "the first name is longer than {} characters, too long for a folder; give the "
                        "certificate a `name:` of its own",
                        longest_derived_name));
                return;
            }
        } else {
            return;
        }
        const auto [at, is_new] = names_.try_emplace(made.name, where);
        if (!is_new) {
            mistakes_.add(
                where, path.key("name"),
                fmt::format("the certificate at {} is called {} too; give one of them another `name:`",
                            to_string(at->second), in_quotes(made.name)));
        }
    }

    /// What a CA asks for before it may be used, said once for each.
    void use(const issuer& at_issuer, place where, const key_path& path) {
        if (!used_.insert(at_issuer.name).second) {
            return;
        }
        const builtin_issuer* rules = find_builtin_issuer(at_issuer.name);
        if (rules == nullptr || rules->directory != at_issuer.directory) {
            return;
        }
        if (rules->needs_eab && !at_issuer.eab) {
            mistakes_.add(
                where, path.key("issuers"),
                fmt::format("issuer \"{0}\" needs an external account binding: get one from {1}, and give "
                            "issuers.{0}.eab: {{ key_id: ..., hmac_key_file: ... }}",
                            at_issuer.name, rules->eab_source));
        }
        if (rules->needs_email && at_issuer.contacts.empty()) {
            mistakes_.add(
                where, path.key("issuers"),
                fmt::format("issuer \"{0}\" needs a mail address; give `email:` or issuers.{0}.email",
                            at_issuer.name));
        }
    }

    settings& out_;
    mistake_list& mistakes_;
    std::size_t deploy_index_ = 0;
    std::set<std::string> used_;
    std::unordered_map<std::string, place> names_;
    std::unordered_map<std::string, place> sets_;
};

void check_terms(const section& root, const std::set<std::string>& used, mistake_list& mistakes) {
    const auto given = root.find("agree_to_terms");
    const auto value = root.flag("agree_to_terms");
    if (used.empty() || (given && !value) || value.value_or(false)) {
        return;
    }
    mistakes.add(given ? given->at() : place{1, 1}, "agree_to_terms",
                 fmt::format("this must be true before {} may be used: read the terms of service, then write "
                             "`agree_to_terms: true`",
                             fmt::join(used, ", ")));
}

} // namespace

void build_certificates(const section& root, settings& out, mistake_list& mistakes) {
    certificate_reader reader(out, mistakes);
    const key_path top;
    choices defaults;
    if (const auto given = root.below("defaults")) {
        reader.read_choices(*given, top.key("defaults"), defaults);
    }
    const auto list = root.find("certificates");
    if (!list || list->kind() != node_kind::list) {
        return;
    }
    const schema_node& rows = named_schema("certificates");
    const key_path certificates = top.key("certificates");
    std::size_t index = 0;
    for (const node item : children(*list)) {
        const key_path path = certificates.item(index++);
        if (item.kind() == node_kind::map) {
            reader.read(section(item, rows), path, defaults);
        }
    }
    check_terms(root, reader.used_issuers(), mistakes);
}

} // namespace evercert::config
