#pragma once
// How often one network is answered over UDP, where anybody can put anybody's address on a packet: beyond
// that a responder would be somebody's weapon. What is turned away half of the time is told to come over TCP,
// which real askers do and forged addresses cannot (as BIND's and NSD's response rate limiting).
#include "core/base/random.hpp"
#include "core/base/time.hpp"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace evercert::dns {

struct rate_settings {
    double per_second = 200; ///< for each IPv4 /24 or IPv6 /56
    double burst = 1000;     ///< a CA that validates many names at once
};

enum class rate_verdict {
    answer,
    truncate, ///< say "over TCP", in no more bytes than the question has
    drop,
};

/// A table of fixed size. Networks may share places in it: one that shares both of its two with somebody
/// noisy is sent to TCP, and nobody gets more than the settings say. Which ones share is decided by `random`.
class response_rate {
public:
    response_rate(rate_settings settings, random_source& random);

    /// Counts one question from this address; an IPv4 address may be written as an IPv6 one (RFC
    /// 4291 2.5.5.2).
    rate_verdict count(const boost::asio::ip::address& from, steady_time now);

private:
    struct bucket {
        float level = 0;        ///< what was answered and has not drained yet
        std::uint32_t last = 0; ///< milliseconds, wrapping
        std::uint32_t turned_away = 0;
    };
    static constexpr std::size_t row_size = 4096;

    bucket& find(std::size_t row, std::uint64_t network);
    void drain(bucket& one, std::uint32_t now) const;

    rate_settings settings_;
    std::array<std::uint64_t, 2> seeds_;
    std::vector<bucket> buckets_; ///< two rows
};

} // namespace evercert::dns
