#pragma once
// Coroutines on Asio. One thread runs the loop and owns all state; a coroutine that is cancelled sees
// boost::system::system_error(operation_aborted), which only the edge of its task catches.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace evercert {

namespace asio = boost::asio;

template <class T>
using awaitable = asio::awaitable<T>;

} // namespace evercert
