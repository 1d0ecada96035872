#pragma once
// What HAProxy's certificate files hold.
#include "core/base/error.hpp"
#include "core/crypto/secret.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// The file names of an answer to `show ssl cert`, without those that a command line of HAProxy could not
/// name.
std::vector<std::string> listed_files(std::string_view answer);

struct certificate_file {
    std::string fingerprint; ///< of the leaf, as deployment_task has it
    crypto::secret pem;      ///< key and certificates; no blank line, which would end it for HAProxy
};

/// Reads a certificate and its key, from one file or from two. Blocks.
result<certificate_file> read_certificate_file(const std::string& path);

} // namespace evercert::daemon
