#pragma once
// Kept-alive connections, and how many requests may be under way at one origin.
#include "core/net/connection.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace evercert::net {

/// Loop thread only. Leases keep what they need alive; `close` ends the idle connections.
class connection_pool {
    struct origin;
    struct waiter;

public:
    /// The right to have one request under way at an origin, with a connection if an idle one could be used
    /// again.
    class lease {
    public:
        lease() = default;
        lease(lease&& other) noexcept = default;
        lease& operator=(lease&& other) noexcept;
        ~lease();

        std::unique_ptr<connection> link; ///< empty: connect anew
        bool reusable = false;            ///< set when the exchange has ended well: the connection is kept
        [[nodiscard]] const std::shared_ptr<session_slot>& sessions() const;

    private:
        friend class connection_pool;
        lease(std::shared_ptr<origin> at, std::unique_ptr<connection> kept);
        void give_back() noexcept;
        std::shared_ptr<origin> origin_;
    };

    connection_pool(asio::any_io_executor executor, std::size_t per_origin, milliseconds idle);
    ~connection_pool();
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;

    /// Waits until the origin has room. Error: timed_out.
    awaitable<result<lease>> acquire(std::string name, steady_time deadline);
    void close();

private:
    std::shared_ptr<origin> at(const std::string& name);

    asio::any_io_executor executor_;
    std::size_t per_origin_;
    milliseconds idle_;
    std::map<std::string, std::shared_ptr<origin>> origins_;
};

} // namespace evercert::net
