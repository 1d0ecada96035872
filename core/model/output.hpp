#pragma once
#include "core/model/key_type.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
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

std::string_view to_string(output_format format) noexcept; ///< "fullchain"
std::optional<output_format> parse_output_format(std::string_view text) noexcept;
std::span<const output_format> all_output_formats() noexcept;
/// Whether the private key is in it.
bool holds_key(output_format format) noexcept;

/// A file of an output.
struct output_file_name {
    std::string name;
    bool key = false; ///< whether it holds the private key
};
/// The files of one format: one, or the certificate's and the key's. `further` is the key type of a pair that
/// is not the certificate's first.
std::vector<output_file_name> files_of(output_format format, std::string_view certificate,
                                       std::optional<key_type> further);
/// The directory, for this certificate.
std::string directory_of(const certificate_output& output, std::string_view certificate);
/// The mode of one of its files.
unsigned mode_of(const certificate_output& output, bool key) noexcept;

} // namespace evercert
