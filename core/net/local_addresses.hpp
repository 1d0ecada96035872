#pragma once
#include <boost/asio/ip/address.hpp>

#include <vector>

namespace evercert::net {

/// The addresses of this machine's interfaces that are up; empty if the kernel does not say. Does not block.
std::vector<boost::asio::ip::address> local_addresses();

} // namespace evercert::net
