#pragma once
// Our account at one issuer: its key and record on disk, and the CA's view of it, brought together.
#include "core/acme/client.hpp"
#include "core/lifecycle/engine.hpp"

namespace evercert::lifecycle {

/// Made for one operation; all references must outlive it.
class account_keeper {
public:
    account_keeper(const issuer& settings, const engine_parts& parts, acme::client& client)
        : settings_(settings), parts_(parts), client_(client) {}

    /// The client uses an account that the CA knows: key durable before it is used, a key change that was
    /// interrupted settled, the URL from the record (unless the CA has forgotten it), by lookup or by
    /// registration; changed contacts told.
    awaitable<acme::outcome<void>> open();
    /// Gives the account a new key. When the CA's answer is lost, both keys are tried.
    awaitable<acme::outcome<void>> roll_over();
    /// For good.
    awaitable<acme::outcome<void>> deactivate();

private:
    /// The one on disk. Without a usable one a fresh one, made durable; `record` was about the lost one and
    /// is emptied.
    awaitable<acme::outcome<crypto::key>> account_key(storage::account_record* record);
    awaitable<acme::outcome<void>> settle_key_change();
    awaitable<acme::outcome<void>> promote();
    awaitable<void> tell_contacts(storage::account_record record);
    awaitable<void> save(storage::account_record record);
    awaitable<acme::outcome<void>> retire();
    void tell(std::string_view id, severity level, std::string message) const;

    const issuer& settings_;
    const engine_parts& parts_;
    acme::client& client_;
};

} // namespace evercert::lifecycle
