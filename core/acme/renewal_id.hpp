#pragma once
#include <string>
#include <string_view>

namespace evercert::acme {

/// The unique identifier of a certificate in ARI (RFC 9773 section 4.1): base64url of the authority key
/// identifier, ".", base64url of the serial number's DER content octets (a leading 00 is part of them). Both
/// as hexadecimal digits, as crypto::certificate gives them; empty if either is empty or not that.
std::string renewal_id(std::string_view authority_key_id, std::string_view serial);

/// Whether the text has the form of such an identifier, and so may stand in a URL.
bool is_renewal_id(std::string_view text) noexcept;

} // namespace evercert::acme
