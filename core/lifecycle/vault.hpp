#pragma once
// The files of the managed certificates as the engine uses them. An interface so that a simulated year needs
// no keys and no disk; the real one is file_vault.
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"
#include "core/lifecycle/machine.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::storage {
class repository;
}

namespace evercert::lifecycle {

struct inspection {
    looked seen;
    std::string trouble; ///< what was found damaged; empty if all is well
};

/// Which key an order is made with.
struct key_request {
    std::string certificate;
    std::vector<identifier> names; ///< for the CSR
    key_type type = key_type::ecdsa_p256;
    std::string recorded; ///< digest of the key of an order under way, or empty
    unsigned reuse = 0;   ///< take the key of this version if it has one of the type; 0: a fresh key
    std::vector<std::string> barred{}; ///< digests of keys that must not be used
};
struct prepared_key {
    std::string digest; ///< hex of the public digest
    std::string csr;    ///< DER
};

/// What the CA returned for one key type: foreign text.
struct issued_chain {
    key_type key = key_type::ecdsa_p256;
    std::string key_digest;
    std::string pem;
};

/// A version that was written.
struct kept_version {
    version_facts facts;
    bool live = false;
};

/// A leaf as revoking and watching need it.
struct kept_leaf {
    std::string der;
    std::shared_ptr<const crypto::certificate> issuer; ///< the certificate above it; null if there is none
    crypto::key key;
};

/// All calls block and are safe from any thread, as long as one certificate is worked on by one caller at a
/// time.
class vault {
public:
    virtual ~vault() = default;

    /// Reads record, link and versions. The files decide: without a usable live version the newest usable one
    /// is put forward; a version that a crash kept from being recorded is found by its orders' keys.
    [[nodiscard]] virtual result<inspection> inspect(std::string_view certificate) const = 0;
    /// Only the record and where the live link leads: much cheaper. Its `live` is unset when inspecting is
    /// called for; what it tells of limits and pauses counts all the same. nullopt without a record.
    [[nodiscard]] virtual result<std::optional<storage::job_record>>
    glance(std::string_view certificate) const = 0;

    /// The key for an order, durable on return: the recorded one if it is still there, else of the version to
    /// reuse, else a fresh one. `digest` differs from `recorded` when the order cannot be resumed.
    virtual result<prepared_key> prepare_key(const key_request& wanted) = 0;
    /// Checks what the CA returned (our keys, exactly these names, dates, chain) and writes it aside as the
    /// next version, in this order of key types. errc::refused, parse or corrupted: the CA's fault; else the
    /// disk's. Where nobody else is to be told it is made live in one go, if that works.
    virtual result<kept_version> keep(std::string_view certificate, const std::vector<identifier>& names,
                                      const std::vector<issued_chain>& chains, wall_time now,
                                      bool make_live) = 0;
    virtual result<void> make_live(std::string_view certificate, unsigned version, bool just_staged) = 0;
    /// After a deployment: pending keys go, old versions beyond `keep` go, never `also`.
    virtual result<void> tidy(std::string_view certificate, unsigned keep, unsigned also) = 0;
    virtual result<void> save_job(std::string_view certificate, const storage::job_record& record) = 0;
    /// Fingerprints of a version's leaves, in its order of key types.
    [[nodiscard]] virtual result<std::vector<std::string>> leaves(std::string_view certificate,
                                                                  unsigned version) const = 0;
    /// errc::not_found if the version does not have it.
    [[nodiscard]] virtual result<kept_leaf> load_leaf(std::string_view certificate, unsigned version,
                                                      std::string_view fingerprint) const = 0;
    [[nodiscard]] virtual std::string live_directory(std::string_view certificate) const = 0;
    /// Names of all certificates that have a record, configured or not.
    [[nodiscard]] virtual result<std::vector<std::string>> recorded() const = 0;
};

// What every vault makes of what it finds.

/// Reads one version; nullopt if it is not there or of no use.
using version_reader = std::function<std::optional<version_facts>(unsigned version)>;
/// The files decide, the record only follows: which version should become live. `versions` in rising order.
looked take_stock(std::optional<storage::job_record> record, std::optional<version_facts> live,
                  const std::vector<unsigned>& versions, const version_reader& read);
/// Unsets the record's `live` if it is not what the link leads to, or must be inspected for another reason.
void check_against_link(storage::job_record& record, std::optional<unsigned> linked);

/// On the real files. The repository must outlive it.
std::unique_ptr<vault> make_file_vault(storage::repository& files);

} // namespace evercert::lifecycle
