#pragma once
// What is done with accounts (RFC 8555 section 7.3), each as promised in client.hpp.
#include "core/acme/client.hpp"
#include "core/acme/session.hpp"

#include <string>
#include <vector>

namespace evercert::acme {

/// See client::open_account.
awaitable<outcome<std::string>> open_account(session& talk, registration terms);
/// See client::read_account.
awaitable<outcome<account_details>> read_account(session& talk);
/// See client::update_contacts.
awaitable<outcome<void>> update_contacts(session& talk, std::vector<std::string> mail_addresses);
/// See client::deactivate_account.
awaitable<outcome<void>> deactivate_account(session& talk);
/// See client::change_key.
awaitable<outcome<void>> change_key(session& talk, crypto::key new_key);

} // namespace evercert::acme
