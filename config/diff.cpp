#include "config/diff.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace evercert::config {
namespace {

template <class Map>
bool same(const Map& before, const Map& after, const std::string& name) {
    const auto old_one = before.find(name);
    const auto new_one = after.find(name);
    if (old_one == before.end() || new_one == after.end()) {
        return old_one == before.end() && new_one == after.end();
    }
    return old_one->second == new_one->second;
}

/// Whether two policies say the same and all they refer to is the same. There are few policies and many
/// certificates, so each answer is kept.
class policy_comparison {
public:
    policy_comparison(const settings& before, const settings& after) : before_(before), after_(after) {}

    bool same_policy(const issuance_policy& was, const issuance_policy& is) {
        const auto [at, is_new] = known_.try_emplace({&was, &is}, false);
        if (is_new) {
            at->second = compare_policies(was, is);
        }
        return at->second;
    }

private:
    [[nodiscard]] bool compare_policies(const issuance_policy& was, const issuance_policy& is) const {
        const std::vector<std::string> challenges = all_challenges(is);
        return was == is &&
               std::ranges::all_of(challenges,
                                   [&](const std::string& name) {
                                       return same(before_.challenges, after_.challenges, name);
                                   }) &&
               std::ranges::all_of(
                   is.issuers,
                   [&](const std::string& name) { return same(before_.issuers, after_.issuers, name); }) &&
               std::ranges::all_of(is.deploy, [&](const std::string& name) {
                   return same(before_.deployments, after_.deployments, name);
               });
    }

    const settings& before_;
    const settings& after_;
    std::map<std::pair<const issuance_policy*, const issuance_policy*>, bool> known_;
};

/// Finds certificates by name. Asked in their own order, as nearly all of them are after a change to a file,
/// it needs no index.
class name_finder {
public:
    explicit name_finder(const std::vector<certificate_ptr>& among) : among_(among) {}

    std::optional<std::size_t> find(std::string_view name) {
        if (next_ < among_.size() && among_[next_]->name == name) {
            return next_++;
        }
        if (index_.empty()) {
            for (std::size_t i = 0; i < among_.size(); ++i) {
                index_.emplace(among_[i]->name, i);
            }
        }
        const auto found = index_.find(name);
        if (found == index_.end()) {
            return std::nullopt;
        }
        next_ = found->second + 1;
        return found->second;
    }

private:
    const std::vector<certificate_ptr>& among_;
    std::unordered_map<std::string_view, std::size_t> index_; ///< made when first needed
    std::size_t next_ = 0;
};

} // namespace

difference compare(const settings& before, const settings& after) {
    difference out;
    policy_comparison policies(before, after);
    name_finder finder(before.certificates);
    std::vector<bool> kept(before.certificates.size());
    for (const certificate_ptr& is : after.certificates) {
        const auto found = finder.find(is->name);
        if (!found) {
            out.added.push_back(is->name);
            continue;
        }
        kept[*found] = true;
        const managed_certificate& was = *before.certificates[*found];
        if (was.names != is->names || !policies.same_policy(*was.policy, *is->policy)) {
            out.changed.push_back(is->name);
        }
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (!kept[i]) {
            out.removed.push_back(before.certificates[i]->name);
        }
    }
    const auto note = [&out](bool differs, const char* what) {
        if (differs) {
            out.others.emplace_back(what);
        }
    };
    note(before.notifications != after.notifications, "notifications");
    note(before.status != after.status, "status");
    note(before.log != after.log, "log");
    note(before.resolvers != after.resolvers, "resolvers");
    if (before.data_dir != after.data_dir) {
        out.needs_restart.emplace_back("data_dir");
    }
    if (before.control.socket != after.control.socket) {
        out.needs_restart.emplace_back("control.socket");
    }
    if (before.control.group != after.control.group) {
        out.needs_restart.emplace_back("control.group");
    }
    return out;
}

std::string to_text(const difference& change) {
    std::string text = fmt::format("{} added, {} changed, {} removed", change.added.size(),
                                   change.changed.size(), change.removed.size());
    if (!change.others.empty()) {
        text += fmt::format("; {} changed", join(change.others, ", "));
    }
    if (!change.needs_restart.empty()) {
        text += "; only a restart applies: " + join(change.needs_restart, ", ");
    }
    return text;
}

} // namespace evercert::config
