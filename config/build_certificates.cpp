#include "config/build.hpp"
#include "config/names.hpp"
#include "config/outputs.hpp"
#include "config/policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

namespace evercert::config {
namespace {

/// jobs/<name>.json and its temporary name must fit into the 255 bytes of a file name.
constexpr std::size_t longest_derived_name = 200;
constexpr std::size_t most_names = 100;

/// Calls `found(first, again)` for each of 0 to `count` that is the `same` as one before it; those without a
/// hash are left out. Sorting hashes takes a tenth of the memory that a map of all the texts would.
void for_repeats(std::size_t count, const auto& hash_of, const auto& same, const auto& found) {
    struct hashed {
        std::size_t hash;
        std::size_t index;
        auto operator<=>(const hashed&) const = default;
    };
    std::vector<hashed> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (const std::optional<std::size_t> hash = hash_of(i)) {
            all.push_back({*hash, i});
        }
    }
    std::ranges::sort(all);
    std::vector<std::size_t> firsts; // of one hash: one, unless two different texts share it
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i == 0 || all[i].hash != all[i - 1].hash) {
            firsts.clear();
        }
        const std::size_t index = all[i].index;
        const auto first =
            std::ranges::find_if(firsts, [&](std::size_t earlier) { return same(earlier, index); });
        if (first != firsts.end()) {
            found(*first, index);
        } else {
            firsts.push_back(index);
        }
    }
}

class certificate_reader {
public:
    certificate_reader(const section& root, settings& out, mistake_list& mistakes)
        : out_(out), mistakes_(mistakes), policies_(root, out, mistakes) {}

    void read(node list) {
        std::size_t index = 0;
        for (const node item : children(list)) {
            if (item.kind() == node_kind::map) {
                read_entry(item, index);
            }
            ++index;
        }
        out_.certificates.shrink_to_fit();
        refuse_repeats();
        refuse_shared_files(out_.certificates, [this](std::size_t i) { return output_origin(i); }, mistakes_);
    }

    [[nodiscard]] const std::set<std::string>& used_issuers() const { return policies_.used_issuers(); }

private:
    /// Where a certificate is written: the node, and its place in the list.
    struct origin {
        node entry;
        std::size_t index;
    };

    void read_entry(node item, std::size_t index) {
        const key_path path = certificates_.item(index);
        const section entry(item, rows_);
        chosen_policy chosen = policies_.read(entry, path);
        managed_certificate made;
        made.names = read_names(entry, path.key("names"), *chosen.policy, chosen.public_ca);
        made.policy = std::move(chosen.policy);
        made.name = read_name(entry, path, made.names);
        // Kept as long as the daemon runs, a hundred thousand of them: no spare room.
        made.names.shrink_to_fit();
        made.name.shrink_to_fit();
        out_.certificates.push_back(std::make_shared<const managed_certificate>(std::move(made)));
        written_.push_back({item, index});
    }

    std::vector<identifier> read_names(const section& entry, const key_path& path,
                                       const issuance_policy& policy, const issuer* public_ca) {
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
            auto name = parse_name(item.text(), public_ca == nullptr);
            if (!name) {
                mistakes_.add(item.at(), here,
                              fmt::format("{}: {}{}", in_quotes(item.text()), name.error().message,
                                          public_only(item.text(), public_ca)));
                continue;
            }
            if (auto trouble = unprovable(*name, policy); !trouble.empty()) {
                mistakes_.add(item.at(), here, fmt::format("{} {}", in_quotes(item.text()), trouble));
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

    /// Why no challenge of the policy could prove the name; empty if one can.
    [[nodiscard]] std::string unprovable(const identifier& name, const issuance_policy& policy) const {
        std::vector<std::string> tried;
        for (const std::string& each : challenges_for(policy, name)) {
            const std::string_view type = challenge_type(out_.challenges.at(each));
            if (can_prove(type, name)) {
                return {};
            }
            tried.push_back(fmt::format("{} ({})", each, type));
        }
        return fmt::format("is {} can prove; its challenge is {}",
                           name.wildcard() ? "a wildcard, which only dns-01 and dns-persist-01"
                                           : "an address, which only http-01 and tls-alpn-01",
                           fmt::join(tried, ", then "));
    }

    /// Of a name that only a private CA would sign: which issuer stands against it.
    static std::string public_only(std::string_view name, const issuer* public_ca) {
        return public_ca != nullptr && parse_name(name, true)
                   ? fmt::format("; issuer \"{}\" is a public CA, which signs no others", public_ca->name)
                   : std::string();
    }

    /// Empty if there is none, which is a mistake by then.
    std::string read_name(const section& entry, const key_path& path, const std::vector<identifier>& names) {
        if (entry.find("name") || names.empty()) {
            return entry.text("name").value_or("");
        }
        std::string name = directory_name(names.front());
        if (name.size() > longest_derived_name) {
            mistakes_.add(
                entry.at("names"), path.key("name"),
                fmt::format("the first name is longer than {} characters, too long for a folder; give the "
                            "certificate a `name:` of its own",
                            longest_derived_name));
            name.clear();
        }
        return name;
    }

    /// Two certificates of one name would share a folder; two of the same identifiers would be ordered twice.
    void refuse_repeats() {
        std::vector<bool> repeated(written_.size());
        const auto names = [this](std::size_t i) -> const auto& { return out_.certificates[i]->names; };
        const auto name = [this](std::size_t i) -> const auto& { return out_.certificates[i]->name; };
        const auto hash_of_set = [&](std::size_t i) { // the order of names does not count
            std::size_t sum = 0;
            for (const identifier& each : names(i)) {
                sum += std::hash<std::string>()(each.value);
            }
            return names(i).empty() ? std::nullopt : std::optional(sum);
        };
        const auto same_set = [&](std::size_t a, std::size_t b) {
            return std::ranges::is_permutation(names(a), names(b));
        };
        for_repeats(written_.size(), hash_of_set, same_set, [&](std::size_t first, std::size_t again) {
            repeated[again] = true;
            mistakes_.add(
                place_of(again, "names"), certificates_.item(written_[again].index).key("names"),
                fmt::format("the certificate at {} has exactly these names; leave one of the two out",
                            to_string(place_of(first, "names"))));
        });
        const auto hash_of_name = [&](std::size_t i) {
            return repeated[i] || name(i).empty() ? std::nullopt
                                                  : std::optional(std::hash<std::string>()(name(i)));
        };
        const auto same_name = [&](std::size_t a, std::size_t b) { return name(a) == name(b); };
        for_repeats(written_.size(), hash_of_name, same_name, [&](std::size_t first, std::size_t again) {
            mistakes_.add(
                place_of_name(again), certificates_.item(written_[again].index).key("name"),
                fmt::format("the certificate at {} is called {} too; give one of them another `name:`",
                            to_string(place_of_name(first)), in_quotes(name(first))));
        });
    }

    /// Where the outputs of a certificate come from, as far as the certificate says it.
    [[nodiscard]] std::pair<place, std::string> output_origin(std::size_t i) const {
        const key_path path = certificates_.item(written_[i].index);
        const bool own = written_[i].entry.find("outputs").has_value();
        return {place_of(i, "outputs"), own ? path.key("outputs").text() : path.text()};
    }

    [[nodiscard]] place place_of(std::size_t i, std::string_view key) const {
        return section(written_[i].entry, rows_).at(key);
    }
    [[nodiscard]] place place_of_name(std::size_t i) const {
        return place_of(i, written_[i].entry.find("name") ? "name" : "names");
    }

    settings& out_;
    mistake_list& mistakes_;
    policy_reader policies_;
    const key_path top_;
    const key_path certificates_ = top_.key("certificates");
    const schema_node& rows_ = named_schema("certificates");
    std::vector<origin> written_; ///< for each of out_.certificates
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
    certificate_reader reader(root, out, mistakes);
    const auto list = root.find("certificates");
    if (list && list->kind() == node_kind::list) {
        reader.read(*list);
        check_terms(root, reader.used_issuers(), mistakes);
    }
}

} // namespace evercert::config
