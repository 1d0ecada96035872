#include "solvers/dns_self/own_zone.hpp"

#include "core/dns/wire.hpp"

#include <algorithm>
#include <utility>

namespace evercert::solvers {
namespace {

constexpr std::string_view challenge_label = "_acme-challenge";
constexpr std::uint32_t zone_ttl = 60;
constexpr std::uint32_t address_ttl = 3600;
constexpr std::uint32_t negative_ttl = 0; // as of TXT records
constexpr std::uint16_t hinfo_type = 13;
constexpr std::uint16_t any_type = 255;

bool is_at_or_below(std::string_view name, std::string_view zone) {
    return name == zone ||
           (name.size() > zone.size() && name.ends_with(zone) && name[name.size() - zone.size() - 1] == '.');
}

/// "www.example.com" to "com.example.www.".
std::string turned(std::string_view name) {
    std::string out;
    out.reserve(name.size() + 1);
    while (!name.empty()) {
        const auto dot = name.rfind('.');
        out += name.substr(dot == name.npos ? 0 : dot + 1);
        out += '.';
        name = name.substr(0, dot == name.npos ? 0 : dot);
    }
    return out;
}

/// The nearest name at or above that begins with "_acme-challenge" and of which `wanted` is true.
template <class Predicate>
std::optional<std::string> challenge_at_or_above(std::string_view name, Predicate wanted) {
    while (!name.empty()) {
        const auto dot = name.find('.');
        if (name.substr(0, dot) == challenge_label && dot != name.npos && wanted(name)) {
            return std::string(name);
        }
        name.remove_prefix(dot == name.npos ? name.size() : dot + 1);
    }
    return std::nullopt;
}

/// ANY is answered with one small record that says so (RFC 8482 section 4.2).
dns::reply_record no_any(const dns::query& asked) {
    dns::reply_record record;
    record.owner = dns::lower_name(asked.name_wire);
    record.type = hinfo_type;
    record.ttl = zone_ttl;
    record.data = std::string("\x07"
                              "RFC8482\0",
                              9);
    return record;
}

} // namespace

result<own_zone> own_zone::make(own_zone_settings settings) {
    own_zone made;
    for (const std::string& address : settings.addresses) {
        auto record = dns::address_record(settings.nameserver, address_ttl, address);
        if (!record) {
            return fail(std::move(record.error()));
        }
        made.addresses_.push_back(std::move(*record));
    }
    const std::string owner = settings.zone.empty() ? "example" : settings.zone;
    if (settings.nameserver.empty() || !dns::ns_record(owner, zone_ttl, settings.nameserver)) {
        return fail(errc::invalid_argument, "the name server's name or the zone's is no name in the DNS");
    }
    made.mailbox_ = "hostmaster." + settings.nameserver;
    if (!dns::name_to_wire(made.mailbox_)) { // too long
        made.mailbox_ = settings.nameserver;
    }
    made.serial_ = settings.serial;
    made.settings_ = std::move(settings);
    return made;
}

void own_zone::know(const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const std::string& name : names) {
        known.push_back(turned(std::string(challenge_label) + "." + name));
    }
    std::ranges::sort(known);
    known.erase(std::unique(known.begin(), known.end()), known.end());
    known_ = std::move(known);
    ++serial_;
}

std::optional<std::string> own_zone::apex_of(std::string_view name) const {
    if (!settings_.zone.empty() && is_at_or_below(name, settings_.zone)) {
        return settings_.zone;
    }
    return challenge_at_or_above(name, [](std::string_view) { return true; });
}

std::optional<std::string> own_zone::served_apex(std::string_view name) const {
    if (!settings_.zone.empty() && is_at_or_below(name, settings_.zone)) {
        return settings_.zone;
    }
    return challenge_at_or_above(name, [&](std::string_view each) { return any_at_or_below(each); });
}

result<void> own_zone::add(std::string_view name, std::string_view value) {
    auto record = dns::txt_record(name, settings_.ttl, value);
    if (!record) {
        return fail(std::move(record.error()));
    }
    if (!apex_of(name)) {
        return fail(errc::invalid_argument, "this name is in no zone of our name server", std::string(name));
    }
    const std::string key = turned(name);
    const auto [begin, end] = live_.equal_range(key);
    if (std::none_of(begin, end, [&](const auto& each) { return each.second.value == value; })) {
        ++serial_;
        live_.emplace(key, live_text{std::move(*record), std::string(value)});
    }
    return {};
}

void own_zone::remove(std::string_view name, std::string_view value) {
    const auto [begin, end] = live_.equal_range(turned(name));
    const auto known = std::find_if(begin, end, [&](const auto& each) { return each.second.value == value; });
    if (known != end) {
        ++serial_;
        live_.erase(known);
    }
}

bool own_zone::any_at_or_below(std::string_view name) const {
    const std::string key = turned(name);
    const auto known = std::ranges::lower_bound(known_, key);
    if (known != known_.end() && known->starts_with(key)) {
        return true;
    }
    const auto live = live_.lower_bound(key);
    return live != live_.end() && live->first.starts_with(key);
}

std::string own_zone::answer_in(const std::string& apex, const dns::query& asked, dns::over path) const {
    dns::zone_numbers numbers;
    numbers.serial = serial_;
    numbers.negative_ttl = negative_ttl;
    const bool at_apex = asked.name == apex;
    const auto soa = dns::soa_record(apex, at_apex && asked.asks_for(dns_type::soa) ? zone_ttl : negative_ttl,
                                     settings_.nameserver, mailbox_, numbers);
    const auto ns = dns::ns_record(apex, zone_ttl, settings_.nameserver);
    dns::reply made;
    if (!soa || !ns) {
        made.code = dns_rcode::server_failure;
        return dns::make_reply(asked, made, path);
    }
    const dns::reply_record any = no_any(asked);
    const bool nameserver = asked.name == settings_.nameserver;
    if (asked.type == any_type) {
        made.answers.push_back(&any);
    } else if (asked.asks_for(dns_type::txt)) {
        const auto [begin, end] = live_.equal_range(turned(asked.name));
        std::for_each(begin, end, [&](const auto& each) { made.answers.push_back(&each.second.record); });
    } else if (at_apex && asked.asks_for(dns_type::soa)) {
        made.answers.push_back(&*soa);
    } else if (at_apex && asked.asks_for(dns_type::ns)) {
        made.answers.push_back(&*ns);
    }
    for (const dns::reply_record& each : addresses_) {
        if (nameserver && each.type == asked.type) {
            made.answers.push_back(&each);
        } else if (at_apex && asked.asks_for(dns_type::ns)) {
            made.additional.push_back(&each);
        }
    }
    if (made.answers.empty()) {
        made.authority.push_back(&*soa);
    }
    return dns::make_reply(asked, made, path);
}

std::string own_zone::answer(std::string_view packet, dns::over path) const {
    const dns::read_query read = dns::parse_query(packet);
    if (read.what == dns::verdict::drop) {
        return {};
    }
    if (read.what != dns::verdict::good) {
        return dns::make_refusal(read);
    }
    if (const auto apex = served_apex(read.asked.name)) {
        return answer_in(*apex, read.asked, path);
    }
    dns::reply refused;
    refused.code = dns_rcode::refused;
    refused.authoritative = false;
    return dns::make_reply(read.asked, refused, path);
}

} // namespace evercert::solvers
