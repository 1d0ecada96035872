#include "tests/simulation/population.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

namespace evercert::simulation {
namespace {

using std::chrono::days;
using std::chrono::hours;

enum question : std::uint64_t { second_issuer = 1, two_keys, kept_key, served, asked_when, listed };

constexpr double with_second_issuer = 0.3;
constexpr double with_two_keys = 0.01;
constexpr double with_kept_key = 0.05;
constexpr double with_server = 0.6;
/// Few, because each is asked about twice a day: enough for a tenth of all to be found revoked.
constexpr double with_crl = 0.16;

} // namespace

std::string_view to_string(profile what) noexcept {
    switch (what) {
    case profile::classic:
        return "classic";
    case profile::tlsserver:
        return "tlsserver";
    case profile::shortlived:
        return "shortlived";
    }
    return "";
}

std::optional<profile> parse_profile(std::string_view text) noexcept {
    for (const profile one : {profile::classic, profile::tlsserver, profile::shortlived}) {
        if (text == to_string(one)) {
            return one;
        }
    }
    return text.empty() ? std::optional(profile::classic) : std::nullopt;
}

milliseconds lifetime_of(profile what) noexcept {
    switch (what) {
    case profile::classic:
        return days(90);
    case profile::tlsserver:
        return days(45);
    case profile::shortlived:
        return hours(160);
    }
    return days(90);
}

std::string certificate_name(unsigned number) {
    return fmt::format("c{:06}", number);
}

std::optional<unsigned> number_of(std::string_view name) noexcept {
    for (const std::string_view front : {"www.", "api."}) {
        if (name.starts_with(front)) {
            name.remove_prefix(front.size());
        }
    }
    unsigned number = 0;
    if (!name.starts_with('c')) {
        return std::nullopt;
    }
    const auto [end, ec] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
    const bool whole = end == name.data() + name.size() || *end == '.';
    return ec == std::errc() && whole ? std::optional(number) : std::nullopt;
}

unsigned count_of_names(unsigned number) noexcept {
    return 1 + number % most_names;
}

std::vector<identifier> names_of(unsigned number) {
    const std::string base = fmt::format("{}.d{:05}.com", certificate_name(number), domain_of(number));
    std::vector<identifier> names;
    for (const std::string_view front : {"", "www.", "api."}) {
        if (names.size() < count_of_names(number)) {
            names.push_back({identifier::kind::dns, std::string(front) + base});
        }
    }
    return names;
}

double lot(unsigned number, std::uint64_t question) noexcept {
    std::uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15ULL + question * 0xD1B54A32D192ED03ULL;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    return static_cast<double>((mixed ^ (mixed >> 31U)) >> 11U) * 0x1p-53;
}

population::population(const options& of) : ari_share(of.ari_share) {
    using kind = std::tuple<profile, bool, bool, bool, bool, bool>;
    std::map<kind, std::shared_ptr<const issuance_policy>> policies;
    certificates.reserve(of.certificates);
    for (unsigned i = 0; i < of.certificates; ++i) {
        const profile lives = of.onboarding || i % 4 < 2 ? profile::classic
                              : i % 4 == 2               ? profile::tlsserver
                                                         : profile::shortlived;
        const kind what{lives,
                        !of.onboarding && lot(i, second_issuer) < with_second_issuer,
                        !of.onboarding && lot(i, two_keys) < with_two_keys,
                        lot(i, kept_key) < with_kept_key,
                        lot(i, served) < with_server,
                        follows_windows(i)};
        auto& policy = policies[what];
        if (!policy) {
            issuance_policy fresh;
            fresh.issuers = {std::get<5>(what) ? "le-ari" : "le"};
            if (std::get<1>(what)) {
                fresh.issuers.emplace_back("second");
            }
            if (std::get<2>(what)) {
                fresh.keys.push_back(key_type::rsa_2048);
            }
            fresh.reuse_key = std::get<3>(what);
            if (std::get<4>(what)) {
                fresh.deploy = {"web"};
            }
            fresh.challenges = {"http"};
            fresh.profile = to_string(lives);
            policy = std::make_shared<const issuance_policy>(std::move(fresh));
        }
        managed_certificate one;
        one.name = certificate_name(i);
        one.names = names_of(i);
        one.policy = policy;
        certificates.push_back(std::make_shared<const managed_certificate>(std::move(one)));
        profiles.push_back(lives);
    }
}

bool population::follows_windows(unsigned number) const noexcept {
    return lot(number, asked_when) < ari_share;
}

bool population::on_crl(unsigned number) const noexcept {
    return lot(number, listed) < with_crl;
}

void population::break_names(const options& of, wall_time start, random_source& random) {
    if (!of.faults.contains(fault::names)) {
        return;
    }
    const milliseconds trouble = days(90);
    const std::size_t wanted = std::clamp(of.certificates / 250, 1U, 100U);
    while (broken.size() < wanted) {
        const auto number = static_cast<unsigned>(random.between(0, of.certificates - 1));
        if (broken_of(number) == nullptr) {
            const wall_time from =
                start +
                milliseconds(random.between(0, (milliseconds(days(of.days)) - trouble - days(20)).count()));
            broken.push_back({number, {from, from + trouble}});
            std::ranges::sort(broken, {}, &broken_names::certificate);
        }
    }
}

const population::broken_names* population::broken_of(unsigned number) const noexcept {
    const auto at = std::ranges::lower_bound(broken, number, {}, &broken_names::certificate);
    return at != broken.end() && at->certificate == number ? &*at : nullptr;
}

} // namespace evercert::simulation
