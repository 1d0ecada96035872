#pragma once
// How certificates are obtained and put to use: `defaults` and each entry's own keys become policies, which
// entries that say the same share.
#include "config/mistakes.hpp"
#include "config/outputs.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace evercert::config {

/// What an entry's choices came to.
struct chosen_policy {
    std::shared_ptr<const issuance_policy> policy;
    /// The first of its issuers that is a public CA; null if none is, or if not all that was named is known.
    const issuer* public_ca = nullptr;
};

/// Reads policies and checks what their parts mean together. What it is given must outlive it, with all
/// issuers, challenges and deployments built.
class policy_reader {
public:
    policy_reader(const section& root, const settings& built, mistake_list& mistakes);

    /// The policy of one entry; the same object for equal ones.
    chosen_policy read(const section& entry, const key_path& path);
    /// Issuers of all policies read.
    [[nodiscard]] const std::set<std::string>& used_issuers() const { return used_; }

private:
    using policy_ptr = std::shared_ptr<const issuance_policy>;
    struct by_content {
        std::size_t operator()(const policy_ptr& policy) const;
        bool operator()(const policy_ptr& a, const policy_ptr& b) const { return *a == *b; }
    };
    /// Where a part of a policy is written.
    struct origin {
        place where;
        std::string key;
    };

    bool read_choices(const section& from, const key_path& path, issuance_policy& into);
    void read_challenges(const section& from, const key_path& path, issuance_policy& into);
    chosen_policy finish(const section& entry, const key_path& path, const issuance_policy& made,
                         bool all_known);
    void check_issuer(const issuer& used, const section& entry, const key_path& path);
    void refuse_keys(const issuer& public_ca, const section& entry, const key_path& path);
    [[nodiscard]] origin find_origin(const section& entry, const key_path& path, std::string_view key,
                                     std::string_view item) const;

    const settings& built_;
    mistake_list& mistakes_;
    output_reader outputs_;
    std::optional<section> defaults_;
    issuance_policy default_policy_;
    bool default_issuers_known_ = true;
    std::optional<chosen_policy> default_choice_; ///< there once an entry has come that chooses nothing
    std::unordered_set<policy_ptr, by_content, by_content> shared_;
    std::set<std::string> used_;
    bool default_keys_refused_ = false; ///< said once, not for each certificate
};

} // namespace evercert::config
