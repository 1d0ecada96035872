#pragma once
#include <optional>
#include <string>
#include <vector>

namespace evercert {

/// What a file of an output holds. One pair's files are named as below; those of a further key type carry it
/// ("fullchain.rsa-2048.pem").
enum class output_format : unsigned char {
    cert,      ///< cert.pem: the leaf
    chain,     ///< chain.pem: what lies above it
    fullchain, ///< fullchain.pem: both
    privkey,   ///< privkey.pem
    combined,  ///< combined.pem: key, leaf and chain in one file, as HAProxy reads it
    pkcs12,    ///< NAME.p12: all of it
    der,       ///< cert.der and privkey.der
};

/// Copies of the live version beside it, for servers that want another format, place, owner or mode.
struct certificate_output {
    std::string directory; ///< absolute; "{name}" stands for the certificate's name
    std::vector<output_format> formats;
    std::string owner; ///< empty: whoever writes it
    std::string group; ///< empty: the owner's, or that of whoever writes it
    /// Of every file; unless given 0600 for those with a key and 0644 for others.
    std::optional<unsigned> mode;
    std::string password_file; ///< its first line protects pkcs12; empty: no password

    friend bool operator==(const certificate_output&, const certificate_output&) = default;
};

} // namespace evercert
