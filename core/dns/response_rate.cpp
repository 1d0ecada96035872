#include "core/dns/response_rate.hpp"

#include <algorithm>

namespace evercert::dns {
namespace {

/// The network's bytes, and behind them which kind it is.
std::uint64_t network_of(boost::asio::ip::address from) {
    if (from.is_v6() && from.to_v6().is_v4_mapped()) {
        from = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, from.to_v6());
    }
    if (from.is_v4()) {
        return std::uint64_t{from.to_v4().to_uint() >> 8U} << 8U | 4U;
    }
    std::uint64_t network = 0;
    const auto bytes = from.to_v6().to_bytes();
    for (std::size_t i = 0; i < 7; ++i) {
        network = network << 8U | bytes.at(i);
    }
    return network << 8U | 6U;
}

/// SplitMix64's last step: every bit of the result depends on every bit of the value.
std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

} // namespace

response_rate::response_rate(rate_settings settings, random_source& random)
    : settings_(settings), seeds_{random.next(), random.next()}, buckets_(seeds_.size() * row_size) {}

response_rate::bucket& response_rate::find(std::size_t row, std::uint64_t network) {
    return buckets_.at(row * row_size + mix(mix(network ^ seeds_.at(row)) + seeds_.at(row)) % row_size);
}

void response_rate::drain(bucket& one, std::uint32_t now) const {
    const double passed = static_cast<double>(now - one.last) / 1000;
    one.level = static_cast<float>(std::max(0.0, one.level - passed * settings_.per_second));
    one.last = now;
}

rate_verdict response_rate::count(const boost::asio::ip::address& from, steady_time now) {
    const auto since = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
    const auto ms = static_cast<std::uint32_t>(since.count());
    const std::uint64_t network = network_of(from);
    bucket& first = find(0, network);
    bucket& second = find(1, network);
    drain(first, ms);
    drain(second, ms);
    const float after = std::min(first.level, second.level) + 1;
    if (after <= static_cast<float>(settings_.burst)) {
        // The fuller of the two is so because of others: it needs no raising.
        first.level = std::max(first.level, after);
        second.level = std::max(second.level, after);
        return rate_verdict::answer;
    }
    return ++first.turned_away % 2 == 1 ? rate_verdict::truncate : rate_verdict::drop;
}

} // namespace evercert::dns
