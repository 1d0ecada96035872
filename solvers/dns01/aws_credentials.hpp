#pragma once
// The keys that AWS gives out.
#include "core/base/error.hpp"
#include "core/crypto/secret.hpp"

#include <string>
#include <string_view>

namespace evercert::solvers {

struct aws_credentials {
    std::string access_key_id;
    crypto::secret secret_access_key;
    crypto::secret session_token; ///< empty for a key that lasts
};

/// One profile of a shared credentials file (AWS SDKs and Tools Reference Guide, "Shared config and
/// credentials files"): sections in brackets, `aws_access_key_id = ...` and so on. Errors: errc::not_found
/// (no such profile), parse. No message repeats anything of the text.
result<aws_credentials> parse_aws_credentials(std::string_view text, std::string_view profile);

} // namespace evercert::solvers
