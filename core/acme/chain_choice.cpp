#include "core/acme/chain_choice.hpp"

#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"

#include <algorithm>

namespace evercert::acme {

bool chain_matches(std::string_view chain_pem, std::string_view preferred) {
    const auto chain = crypto::parse_pem_chain(chain_pem);
    if (!chain) {
        return false;
    }
    const crypto::certificate& top = chain->back();
    std::string hex = to_lower_ascii(preferred);
    std::erase(hex, ':');
    return top.issuer_common_name() == preferred || top.fingerprint() == hex;
}

} // namespace evercert::acme
