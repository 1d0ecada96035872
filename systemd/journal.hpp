#pragma once
// Events as native journal entries: `journalctl EVENT_ID=cert.issued CERTIFICATE=example`.
#include "core/base/event.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::systemd {

/// Whether our standard error goes to the journal ($JOURNAL_STREAM names its device and inode,
/// systemd.exec(5)).
bool journal_stream();

/// "NAME=value" entries in order: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, EVENT_ID, CERTIFICATE (if any), then
/// the event's fields with upper-cased names. A name that the journal would refuse or that it trusts ("_PID",
/// a name already used by us) gets "FIELD_" in front. Values stay raw: the journal is binary safe. Bounded:
/// 32 fields, 4 KiB each, and 16 KiB of message.
std::vector<std::string> journal_fields(const event& what, std::string_view identifier);

/// Sends one event. False if the journal did not take it. Does not block for long, does not throw.
bool send_to_journal(const event& what, std::string_view identifier) noexcept;

} // namespace evercert::systemd
