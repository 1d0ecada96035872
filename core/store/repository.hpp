#pragma once
// Typed access to everything under data_dir: accounts, versions, the live links, jobs. Knows the layout, not
// when or why.
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"
#include "core/ports/store.hpp"
#include "core/store/records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::storage {

/// One complete set read back from disk and checked: the key fits the leaf.
struct stored_version {
    unsigned number = 0;
    std::vector<crypto::certificate> chain; ///< leaf first
    [[nodiscard]] const crypto::certificate& leaf() const { return chain.front(); }
};

/// Everything about a certificate's files that deciding needs.
struct inventory {
    std::optional<stored_version> live; ///< nullopt: no link, or what it points to is unusable
    std::vector<unsigned> versions;     ///< complete or not, ascending
    std::string trouble;                ///< what was found damaged, for the operator; empty if all is well
};

/// Blocking; stateless, so safe from any thread as long as one certificate is worked on by one caller at a
/// time.
class repository {
public:
    explicit repository(store& files) : files_(files) {}

    // Accounts. The key is written before it is ever used, and never replaced by this class.
    [[nodiscard]] result<std::optional<crypto::key>> load_account_key(std::string_view issuer) const;
    result<void> save_account_key(std::string_view issuer, const crypto::key& key);
    /// nullopt if missing or garbled: it is rebuilt by asking the CA.
    [[nodiscard]] result<std::optional<account_record>> load_account(std::string_view issuer) const;
    result<void> save_account(std::string_view issuer, const account_record& record);
    /// Sets a key and record that no longer serve aside ("account.key.<n>"), keeping them.
    result<void> retire_account(std::string_view issuer);

    // The key of an order under way: durable before the order is finalized, gone when its version is stored.
    [[nodiscard]] result<std::optional<crypto::key>> load_pending_key(std::string_view certificate) const;
    result<void> save_pending_key(std::string_view certificate, const crypto::key& key);
    result<void> drop_pending_key(std::string_view certificate);

    // Versions. stage() writes the next one aside, synced and read back; it is not live. The chain has been
    // checked.
    result<stored_version> stage(std::string_view certificate, const std::vector<crypto::certificate>& chain,
                                 const crypto::key& key);
    /// errc::not_found, or errc::corrupted if the set is not complete or does not fit together.
    [[nodiscard]] result<stored_version> load(std::string_view certificate, unsigned version) const;
    [[nodiscard]] result<crypto::key> load_key(std::string_view certificate, unsigned version) const;
    /// Switches the live link; loads and checks the version first, unless it is `just_staged`: written and
    /// read back a moment ago.
    result<void> make_live(std::string_view certificate, unsigned version, bool just_staged = false);
    [[nodiscard]] inventory look(std::string_view certificate) const;
    /// Removes all but the newest `keep` versions, never the live one nor `also`.
    result<void> prune(std::string_view certificate, unsigned keep, unsigned also = 0);
    [[nodiscard]] std::string live_directory(std::string_view certificate) const; ///< absolute

    // Jobs.
    /// nullopt if missing or garbled (then the facts decide); `garbled` tells which.
    [[nodiscard]] result<std::optional<job_record>> load_job(std::string_view certificate,
                                                             bool* garbled = nullptr) const;
    result<void> save_job(std::string_view certificate, const job_record& record);

private:
    store& files_;
};

} // namespace evercert::storage
