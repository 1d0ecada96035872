#pragma once
// Who holds a port, for the message an operator reads when we cannot have it.
#include <cstdint>
#include <string>

namespace evercert::net {

enum class transport { tcp, udp };

/// Whether somebody listens at the port where a listener at `address` would be in the way: there, or at all
/// addresses; empty or unspecified ("::"): at any. Best effort: false if it cannot be known.
bool port_in_use(std::uint16_t port, transport over = transport::tcp, const std::string& address = {});

/// "nginx (pid 123)", or empty if it cannot be known: other users' processes show their sockets to root only.
/// `address` as above. Reads /proc; best effort.
std::string port_owner(std::uint16_t port, transport over = transport::tcp, const std::string& address = {});

} // namespace evercert::net
