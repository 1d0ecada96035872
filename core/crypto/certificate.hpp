#pragma once
// X.509 certificates and PEM chains as a CA returns them: hostile until checked.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/identifier.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;

namespace evercert::crypto {

/// One parsed certificate; copies share it.
class certificate {
public:
    static result<certificate> from_der(std::string_view der);
    /// The same at a tenth of the cost, without decoding the public key: for one that is not expected to have
    /// issued others. As an issuer it works too, more slowly.
    static result<certificate> leaf_from_der(std::string_view der);

    [[nodiscard]] std::string der() const;
    [[nodiscard]] std::string pem() const; ///< re-encoded by us
    [[nodiscard]] wall_time not_before() const;
    [[nodiscard]] wall_time not_after() const;
    [[nodiscard]] std::string
    serial() const; ///< lower-case hex of the DER content octets ("00" kept), no separators
    [[nodiscard]] std::string fingerprint() const;         ///< lower-case hex SHA-256 of the DER
    [[nodiscard]] std::string public_digest() const;       ///< as key::public_digest
    [[nodiscard]] std::string subject_common_name() const; ///< raw text, foreign
    [[nodiscard]] std::string issuer_common_name() const;  ///< raw text, foreign
    [[nodiscard]] std::string
    authority_key_id() const; ///< lower-case hex of the keyIdentifier, empty if there is none
    /// Whether it claims it may sign others, in any of the ways clients honour.
    [[nodiscard]] bool is_ca() const;
    /// subjectAltName dNSName and iPAddress entries, lower case, sorted; errc::corrupted if there are names
    /// of another kind, malformed ones (embedded NUL) or none at all.
    [[nodiscard]] result<std::vector<identifier>> names() const;
    /// The http and https URLs of the CRLs that may list this certificate (RFC 5280 section 4.2.1.13), at
    /// most 8 of at most 2048 bytes of visible ASCII: foreign text. Left out are those of another CRL issuer
    /// or for some reasons only. Empty if there are none, as in short-lived certificates.
    [[nodiscard]] std::vector<std::string> crl_urls() const;
    /// Whether both have the same subject name and public key: what the one signed is good under the other
    /// too.
    [[nodiscard]] bool same_signer(const certificate& other) const;
    /// Whether `issuer` names and signed this certificate (name chaining and signature, dates not looked at).
    [[nodiscard]] bool issued_by(const certificate& issuer) const;
    /// This one with its public key decoded, if OpenSSL can.
    [[nodiscard]] certificate with_key() const;

    [[nodiscard]] x509_st* native() const noexcept { return handle_.get(); }

private:
    explicit certificate(std::shared_ptr<x509_st> handle) : handle_(std::move(handle)) {}
    static result<certificate> take(x509_st* empty, std::string_view der);
    std::shared_ptr<x509_st> handle_;
};

/// Parses PEM text strictly: only CERTIFICATE blocks (any other block, a private key above all, is
/// errc::refused), explanatory text between blocks is dropped, NUL bytes are errc::parse, at most `limit`
/// certificates, at least one. Linear in the input: 1 MiB of junk is refused in milliseconds.
result<std::vector<certificate>> parse_pem_chain(std::string_view pem, std::size_t limit = 10);

/// The chain as PEM, leaf first, one block after another.
std::string to_pem(const std::vector<certificate>& chain);

struct chain_expectation {
    std::string public_digest;     ///< of the key we asked with
    std::vector<identifier> names; ///< exactly these, in any order
    wall_time now;
    milliseconds clock_tolerance = std::chrono::hours(1); ///< for notBefore slightly ahead of our clock
};

/// Checks what a CA returned before it is stored: the leaf carries our key, exactly our names, is valid now
/// and is no CA; every certificate is issued by the next. Intermediates out of order are put in order, a root
/// at the top and certificates that belong to no link are dropped. Returns the chain to store, leaf first.
/// Errors: errc::refused, saying what differs; errc::out_of_time when it is only the leaf's dates.
result<std::vector<certificate>> check_chain(std::vector<certificate> chain,
                                             const chain_expectation& expected);

} // namespace evercert::crypto
