#pragma once
// Who there is: certificates by number, and what follows from the number. The CA and the disk find their own
// notes by it without looking anything up.
#include "core/model/managed_certificate.hpp"
#include "tests/simulation/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::simulation {

enum class profile : std::uint8_t { classic, tlsserver, shortlived };
inline constexpr unsigned most_names = 3;
/// So many certificates share a registered domain.
inline constexpr unsigned sharing_a_domain = 20;

std::string_view to_string(profile what) noexcept;
std::optional<profile> parse_profile(std::string_view text) noexcept;

/// 90 d, 45 d, 160 h.
milliseconds lifetime_of(profile what) noexcept;

/// "c000017"
std::string certificate_name(unsigned number);
/// Of a certificate's name, or of any of the names on it; nullopt if it is none of ours.
std::optional<unsigned> number_of(std::string_view name) noexcept;
/// Names on it: "c000017.d00000.com", "www.c000017.d00000.com" ...
std::vector<identifier> names_of(unsigned number);
unsigned count_of_names(unsigned number) noexcept;
inline unsigned domain_of(unsigned number) noexcept {
    return number / sharing_a_domain;
}

/// A number from 0 to 1 that belongs to a certificate and a question.
double lot(unsigned number, std::uint64_t question) noexcept;

/// The entry in the configuration. Half live for 90 days, a quarter for 45 and a quarter for 6; some have a
/// second issuer, two kinds of key, keep their key, or have a server to be reloaded.
struct population {
    explicit population(const options& of);
    std::vector<certificate_ptr> certificates;
    [[nodiscard]] profile profile_of(unsigned number) const noexcept { return profiles[number]; }
    std::vector<profile> profiles;
    /// Whether its issuer is "le-ari", which is asked when to renew; else "le", the same CA by another
    /// account.
    [[nodiscard]] bool follows_windows(unsigned number) const noexcept;
    /// Whether its leaves of more than ten days name a CRL.
    [[nodiscard]] bool on_crl(unsigned number) const noexcept;
    double ari_share = 0;

    /// When the names of a certificate do not resolve; sorted by certificate.
    struct broken_names {
        unsigned certificate;
        span when;
    };
    std::vector<broken_names> broken;
    [[nodiscard]] const broken_names* broken_of(unsigned number) const noexcept;
    /// Draws them.
    void break_names(const options& of, wall_time start, random_source& random);
};

} // namespace evercert::simulation
