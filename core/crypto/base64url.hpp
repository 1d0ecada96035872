#pragma once
// RFC 4648 section 5, without padding.
#include "core/base/error.hpp"

#include <string>
#include <string_view>

namespace evercert::crypto {

std::string base64url(std::string_view bytes);
/// The ordinary alphabet with padding (RFC 4648 section 4), as HTTP's basic authentication wants it.
std::string base64(std::string_view bytes);
/// Strict: refuses padding, white space and foreign characters.
result<std::string> base64url_decode(std::string_view text);
/// For key material that CAs print in many ways: accepts padding, "+" and "/", surrounding white space.
result<std::string> base64_decode_liberal(std::string_view text);

} // namespace evercert::crypto
