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

/// A certificate chain with its key.
struct key_pair {
    std::vector<crypto::certificate> chain; ///< leaf first
    crypto::key key;
};

/// One complete set read back from disk and checked: each key fits its leaf. The first pair has the plain
/// file names, the others carry their key type ("fullchain.rsa-2048.pem").
struct stored_version {
    unsigned number = 0;
    std::vector<key_pair>
        pairs; ///< one for each key type: the first as staged, the others in order of key_type
    [[nodiscard]] const crypto::certificate& leaf() const { return pairs.front().chain.front(); }
};
/// What deciding needs of it.
version_facts facts_of(const stored_version& version);

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

    // A key change (RFC 8555 section 7.3.5): the next key is durable beside the present one before the CA
    // hears of it, and takes its place when the CA has confirmed.
    [[nodiscard]] result<std::optional<crypto::key>> load_next_account_key(std::string_view issuer) const;
    /// Replaces a next key that never came to anything.
    result<void> save_next_account_key(std::string_view issuer, const crypto::key& key);
    /// The next key becomes the account key, the old one is kept aside ("account.key.<n>"). A crash at any
    /// point leaves at least one file with each key; repeating it finishes it. errc::not_found without a next
    /// key.
    result<void> promote_next_account_key(std::string_view issuer);
    result<void> drop_next_account_key(std::string_view issuer);
    /// Names of the folders under accounts/, sorted.
    [[nodiscard]] result<std::vector<std::string>> accounts() const;

    // Keys of orders under way, one for each key type: durable before the order is made, gone when the
    // version is stored.
    [[nodiscard]] result<std::optional<crypto::key>> load_pending_key(std::string_view certificate,
                                                                      key_type type) const;
    result<void> save_pending_key(std::string_view certificate, const crypto::key& key);
    result<void> drop_pending_keys(std::string_view certificate);

    /// Writes the next version aside, synced and read back; it is not live. The chains have been checked. The
    /// first pair is the one with the plain file names, which order the others have is not kept.
    result<stored_version> stage(std::string_view certificate, const std::vector<key_pair>& pairs);
    /// errc::not_found, or errc::corrupted if the set is not complete or does not fit together.
    [[nodiscard]] result<stored_version> load(std::string_view certificate, unsigned version) const;
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
    /// Names of all certificates that have a record, configured or not.
    [[nodiscard]] result<std::vector<std::string>> jobs() const;
    /// The number of the version the live link leads to, 0 if there is none; nothing else is read.
    [[nodiscard]] result<unsigned> live_version(std::string_view certificate) const;

    // History: one JSON object a line, newest last, kept to about `history_limit` bytes (the older half is
    // cut off when it is exceeded). Lines are written by lifecycle; what does not parse is left out when
    // read.
    static constexpr std::size_t history_limit = 64 * 1024;
    result<void> append_history(std::string_view certificate, std::string_view lines);
    [[nodiscard]] result<std::vector<std::string>> read_history(std::string_view certificate) const;

private:
    store& files_;
};

} // namespace evercert::storage
