#pragma once
// What our own name server says: challenges that were delegated to it, and nothing else. Pure.
#include "core/dns/query.hpp"
#include "core/dns/reply.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

/// Names are lower case, A-labels, without final dot.
struct own_zone_settings {
    std::string nameserver;             ///< what delegations name: "ns.acme.example.net"
    std::string zone;                   ///< "acme.example.net", for CNAMEs to lead into; empty: none
    std::vector<std::string> addresses; ///< of the name server, if its name lies in `zone`
    /// Of TXT records, seconds. 0 is "not to be kept": a resolver of the CA that kept the first of two
    /// values, or that there was none yet, would fail the second.
    std::uint32_t ttl = 0;
    std::uint32_t serial = 1; ///< of the SOA to begin with; greater than before a restart
};

/// Authoritative for two kinds of zones:
///  - "_acme-challenge.NAME", delegated here by an NS record, for each NAME that is known or has a live
///  value;
///  - `zone`, delegated once, where CNAMEs such as "_acme-challenge.NAME CNAME NAME.acme.example.net" lead.
/// In both, TXT records are those that are live, and every other name is empty, none absent: resolvers keep
/// "absent" for all types, and for all names below (RFC 8020), within the second even with TTL 0. All else is
/// refused: who has no business here gets no more bytes than it sent.
class own_zone {
public:
    /// errc::invalid_argument for a name or address that is none.
    static result<own_zone> make(own_zone_settings settings);

    /// Replaces the names that are known: those of certificates, without "*.".
    void know(const std::vector<std::string>& names);

    /// Where `name` would be answered from: the zone's own name. Nothing if it is in no zone that could be
    /// ours.
    [[nodiscard]] std::optional<std::string> apex_of(std::string_view name) const;
    /// Again for the same is success. errc::invalid_argument for a name that apex_of does not know.
    result<void> add(std::string_view name, std::string_view value);
    void remove(std::string_view name, std::string_view value);
    [[nodiscard]] std::size_t size() const noexcept { return live_.size(); }

    /// The packet that answers; empty when nothing is to be sent.
    [[nodiscard]] std::string answer(std::string_view packet, dns::over path) const;

    [[nodiscard]] const own_zone_settings& settings() const noexcept { return settings_; }

private:
    struct live_text {
        dns::reply_record record;
        std::string value;
    };

    own_zone() = default;
    [[nodiscard]] std::optional<std::string> served_apex(std::string_view name) const;
    [[nodiscard]] bool any_at_or_below(std::string_view name) const;
    [[nodiscard]] std::string answer_in(const std::string& apex, const dns::query& asked,
                                        dns::over path) const;

    own_zone_settings settings_;
    std::string mailbox_;
    std::vector<dns::reply_record> addresses_;
    // Names are kept with their labels turned round ("com.example.www."), so that those below one stand
    // together.
    std::vector<std::string> known_; ///< sorted
    std::multimap<std::string, live_text, std::less<>> live_;
    std::uint32_t serial_ = 1;
};

} // namespace evercert::solvers
