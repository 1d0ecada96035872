#pragma once
// certbot's ACME accounts: accounts/<server without scheme>/<id>/{regr,private_key,meta}.json.
#include "core/crypto/key.hpp"
#include "daemon/migrate/tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

struct certbot_account {
    std::string id;
    std::string url;                 ///< as the CA gave it; empty when it is of the CA's former protocol
    std::vector<std::string> emails; ///< of a registration that still tells them, or asked for by certbot
    crypto::key key;
};

/// The account that `id` names, or with an empty `id` the only one at this server. errc::not_found, or what
/// is wrong with it; the key is never shown.
result<certbot_account> read_account(const certbot_tree& tree, std::string_view server, std::string_view id);

/// From the text of private_key.json.
result<crypto::key> key_from_jwk_text(std::string_view text);

} // namespace evercert::daemon
