#include "tests/simulation/ca.hpp"

#include "core/crypto/base64url.hpp"

#include <fmt/format.h>

namespace evercert::simulation {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

sim_ca::sim_ca(std::uint8_t number, bool limited, const population& who, const sim_time& time,
               random_source& random)
    : number_(number)
    , limited_(limited)
    , who_(who)
    , time_(time)
    , random_(random)
    , start_(time.true_now())
    , certificates_(who.certificates.size())
    , domains_(who.certificates.size() / sharing_a_domain + 1) {}

// ---- requests

acme::failure sim_ca::refuse(acme::step where, int status, std::string type, std::string detail) const {
    acme::failure why(where, error(errc::refused, fmt::format("the CA answered {} {}", status, type)));
    why.http_status = status;
    acme::problem said;
    said.type = std::move(type);
    said.detail = std::move(detail);
    said.status = status;
    why.said = std::move(said);
    return why;
}

acme::failure sim_ca::limit_exceeded(std::string_view limit, milliseconds wait) {
    ++counts_.exceeded[std::string(limit)];
    acme::failure why = refuse(acme::step::new_order, 429, "rateLimited", fmt::format("too many: {}", limit));
    why.retry_after = std::chrono::ceil<seconds>(wait);
    return why;
}

void sim_ca::note_request() {
    const wall_time second = std::chrono::floor<seconds>(now());
    if (second != second_) {
        second_ = second;
        requests_this_second_ = 0;
        orders_this_second_ = 0;
    }
    ++counts_.requests;
    counts_.most_requests_a_second = std::max(counts_.most_requests_a_second, ++requests_this_second_);
}

void sim_ca::note_order() {
    ++counts_.orders;
    counts_.most_orders_a_second = std::max(counts_.most_orders_a_second, ++orders_this_second_);
    const auto hour = static_cast<std::size_t>((now() - start_) / hours(1));
    counts_.orders_by_hour.resize(std::max(counts_.orders_by_hour.size(), hour + 1));
    ++counts_.orders_by_hour[hour];
}

std::optional<acme::failure> sim_ca::admit(endpoint what, acme::step where) {
    if (!reachable) {
        return acme::failure(where, error(errc::network, "connection refused"));
    }
    note_request();
    if (storming) {
        acme::failure why = refuse(where, 429, "rateLimited", "the service is busy");
        why.retry_after = seconds(random_.between(60, 3600));
        return why;
    }
    if (limited_) {
        using namespace lets_encrypt;
        constexpr std::array limits{new_order_requests, other_requests, renewal_info_requests};
        constexpr std::array<std::string_view, 3> words{"newOrder requests/s", "requests/s",
                                                        "renewalInfo requests/s"};
        const auto index = static_cast<std::size_t>(what);
        if (!endpoints_[index].room(limits[index], now())) {
            ++counts_.exceeded[std::string(words[index])];
            acme::failure why = refuse(where, 503, "rateLimited", "too many requests");
            why.retry_after = seconds(1);
            return why;
        }
        endpoints_[index].take(limits[index], now());
    }
    return std::nullopt;
}

// ---- when to renew

/// Boulder: around two thirds of the lifetime, or half of it if it is short; for a revoked one it is over.
span sim_ca::window_of(const ca_leaf& leaf) const {
    if (leaf.revoked_at <= now()) {
        return {leaf.revoked_at - hours(1), leaf.revoked_at - minutes(30)};
    }
    const milliseconds lifetime = leaf.not_after - leaf.not_before;
    const wall_time middle = leaf.not_after - (lifetime < days(10) ? lifetime / 2 : lifetime / 3);
    return {middle - lifetime / 100, middle + lifetime / 100};
}

acme::outcome<std::uint32_t> sim_ca::replaced_leaf(unsigned certificate, std::string_view replaces) const {
    if (replaces.empty()) {
        return 0U;
    }
    const auto serial = replaces.substr(std::min(replaces.size(), replaces.find('.') + 1));
    const auto octets = crypto::base64url_decode(serial);
    std::uint64_t number = 0;
    if (octets) {
        for (const char octet : *octets) {
            number = number << 8U | static_cast<unsigned char>(octet);
        }
    }
    const std::uint64_t index = number & 0xFFFFFFFFU;
    if (!octets || octets->size() != 7 || number >> 48U != number_ + 1U || index >= leaves_.size()) {
        return std::unexpected(refuse(acme::step::new_order, 404, "malformed", "no such certificate"));
    }
    const ca_leaf& leaf = leaves_[index];
    if (leaf.certificate != certificate) {
        return std::unexpected(refuse(acme::step::new_order, 400, "malformed", "no name in common"));
    }
    if (leaf.replaced_by != 0) {
        const ca_order& other = orders_[leaf.replaced_by - 1];
        const bool open = other.status != order_status::invalid &&
                          (other.status == order_status::valid || other.expires > now());
        if (open) {
            return std::unexpected(refuse(acme::step::new_order, 409, "alreadyReplaced", "by another order"));
        }
    }
    return static_cast<std::uint32_t>(index) + 1;
}

acme::outcome<acme::renewal_info> sim_ca::renewal_window(std::string_view certificate_id) {
    const auto serial = certificate_id.substr(std::min(certificate_id.size(), certificate_id.find('.') + 1));
    const auto octets = crypto::base64url_decode(serial);
    std::uint64_t index = 0;
    for (const char octet : octets ? *octets : std::string()) {
        index = index << 8U | static_cast<unsigned char>(octet);
    }
    index &= 0xFFFFFFFFU;
    if (!octets || index >= leaves_.size()) {
        return std::unexpected(refuse(acme::step::renewal_info, 404, "malformed", "no such certificate"));
    }
    ++counts_.windows_told;
    const span window = window_of(leaves_[index]);
    acme::renewal_info told;
    told.start = window.from;
    told.end = window.to;
    if (leaves_[index].revoked_at <= now()) {
        told.explanation_url = "https://le.example/incident";
    }
    told.retry_after = milliseconds(
        random_.between(milliseconds(hours(6)).count() / 10 * 8, milliseconds(hours(6)).count() / 10 * 12));
    return told;
}

// ---- revocation

result<void> sim_ca::revoke(std::uint64_t serial) {
    const std::uint64_t index = serial & 0xFFFFFFFFU;
    if (serial >> 48U != number_ + 1U || index >= leaves_.size()) {
        return fail(errc::not_found, "not of this CA");
    }
    leaves_[index].revoked_at = std::min(leaves_[index].revoked_at, now());
    return {};
}

bool sim_ca::on_crl(std::string_view serial) const {
    const std::uint64_t index = from_hex(serial) & 0xFFFFFFFFU;
    return index < leaves_.size() && leaves_[index].revoked_at < now() - hours(1);
}

void sim_ca::note_outcome(std::uint64_t serial, bool stored) {
    ca_leaf& leaf = leaves_[serial & 0xFFFFFFFFU];
    leaf.stored |= stored;
    leaf.refused |= !stored;
}

const std::vector<wall_time>& sim_ca::failures_of(unsigned certificate) const {
    static const std::vector<wall_time> none;
    const auto at = failures_.find(certificate);
    return at == failures_.end() ? none : at->second;
}

} // namespace evercert::simulation
