#pragma once
// Certificate revocation lists (RFC 5280 section 5) as a CA publishes them: hostile until checked.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/crypto/certificate.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::crypto {

struct revocation {
    wall_time when; ///< what the CA says, to the second; from 1970 to 2106
    int reason = 0; ///< RFC 5280 section 5.3.1; 0 (unspecified) if none or an unknown one is given
};

/// A complete CRL of one issuer whose signature is good. Keeps the serial numbers packed and sorted, about 23
/// bytes an entry, and nothing of what it was parsed from.
class crl {
public:
    static constexpr std::size_t size_limit = 16 * 1024 * 1024; ///< longer ones are errc::too_large

    /// DER only, as RFC 5280 section 4.2.1.13 demands and as clients read it; PEM is errc::parse like any
    /// other text. errc::refused: not of this issuer, badly signed, an issuer that may not sign CRLs
    /// (keyUsage), or a list that does not speak for all leaves of its issuer: delta CRLs, indirect ones,
    /// ones for CA or attribute certificates or for some reasons only, and any critical extension that is not
    /// known here. Takes tens of milliseconds a MiB: not for the event loop. Dates are not compared with any
    /// clock.
    static result<crl> parse(std::string_view der, const certificate& issuer);

    [[nodiscard]] wall_time this_update() const noexcept { return this_update_; }
    /// When the next one is due; absent in lists that promise nothing.
    [[nodiscard]] std::optional<wall_time> next_update() const noexcept { return next_update_; }
    /// cRLNumber as lower-case hex of its content octets, or empty.
    [[nodiscard]] const std::string& number() const noexcept { return number_; }
    /// How many certificates are listed.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Whether the list speaks for leaves that name `url`: CAs shard their lists, and a shard names itself in
    /// its issuing distribution point. Compared byte by byte; a list without such a name speaks for all.
    [[nodiscard]] bool covers(std::string_view url) const;

    /// What the list says about a serial number as `certificate::serial` gives it; nullopt if it is not
    /// listed or no such number. certificateHold counts as revoked, for browsers refuse it all the same;
    /// removeFromCRL, which belongs into delta CRLs only, does not.
    [[nodiscard]] std::optional<revocation> find(std::string_view serial) const;

private:
    /// Entries whose serial numbers have the same length, one after the other, sorted.
    struct shelf {
        std::size_t serial_size = 0;
        std::string entries;
    };

    crl() = default;

    wall_time this_update_;
    std::optional<wall_time> next_update_;
    std::string number_;
    std::optional<std::vector<std::string>> scope_; ///< URLs of the issuing distribution point
    std::vector<shelf> shelves_;
    std::size_t size_ = 0;
};

} // namespace evercert::crypto
