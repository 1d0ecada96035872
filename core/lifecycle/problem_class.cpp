#include "core/lifecycle/problem_class.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::lifecycle {
namespace {

using acme::failure;
using acme::step;
using enum problem_class;

constexpr milliseconds hour = std::chrono::hours(1);

struct row {
    std::string_view type;
    problem_class kind;
    milliseconds at_least{0};
    bool fresh_key = false;
    std::string_view mend;
};

// What an operator should do; "{name}" is the name that it is about.
constexpr std::string_view our_side =
    "let the CA reach {name} on port 80: its A and AAAA records must lead to this machine (one AAAA record "
    "that leads "
    "elsewhere is enough to fail), and firewalls, NAT and the hosting provider must let port 80 in from "
    "everywhere; "
    "'curl -v http://{name}/.well-known/acme-challenge/test' from another network shows what the CA sees; it "
    "is tried again by itself, and at once with 'evercert renew NAME --now'";
constexpr std::string_view no_such_name =
    "make {name} resolve: add an A or AAAA record that leads to this machine, or take the name out of the "
    "configuration and run 'evercert reload'; 'dig {name} A' and 'dig {name} AAAA' show what there is, and a "
    "broken "
    "DNSSEC signature counts as no answer; it is tried again by itself, and at once with 'evercert renew "
    "NAME "
    "--now'";
constexpr std::string_view another_server = "requests for http://{name}/.well-known/acme-challenge/ must "
                                            "reach evercertd, and another server answers them: "
                                            "make the A and AAAA records of {name} lead to this machine, and "
                                            "let evercertd hold port 80, or have the server "
                                            "that holds it pass this path on to evercertd ('evercert snippet "
                                            "nginx' or apache prints the lines, which the server of {name} "
                                            "needs as well); 'curl -v "
                                            "http://{name}/.well-known/acme-challenge/test' shows who "
                                            "answers; it is tried again by itself, and at once with "
                                            "'evercert renew NAME --now'";
constexpr std::string_view record_not_found =
    "the CA must find the TXT record of {name} at every name server of its zone: 'dig _acme-challenge.{name} "
    "TXT "
    "@SERVER' shows while an order runs which of them lacks it, and 'dig _acme-challenge.{name} CNAME' where "
    "an alias "
    "leads; see that the zone is delegated to the servers that the provider changes, and that 'propagation' "
    "is "
    "enforce with a 'propagation_timeout' that is long enough; it is tried again by itself, and at once with "
    "'evercert renew NAME --now'";
constexpr std::string_view standing_record =
    "the TXT record at _validation-persist.{name} has to be as 'evercert dns-record NAME' shows it, at every "
    "name server of its zone; that command also says what there is now and what is wrong with it. It is "
    "tried "
    "again by itself, and at once with 'evercert renew NAME --now'";
constexpr std::string_view another_tls_server = "TLS connections to {name} on port 443 that offer acme-tls/1 "
                                                "must reach evercertd: let it hold the port, or have "
                                                "the server that holds it pass them on ('evercert snippet "
                                                "nginx' or haproxy shows how); its A and AAAA records "
                                                "must lead to this machine, and firewalls must let port 443 "
                                                "in from everywhere; it is tried again by itself, and "
                                                "at once with 'evercert renew NAME --now'";
constexpr std::string_view forbidden_by_caa = "allow this CA in the CAA records of {name}, or of the domain "
                                              "above it that has them: an 'issue' record with the "
                                              "CA's own domain as its value (for Let's Encrypt: 0 issue "
                                              "letsencrypt.org); 'dig {name} CAA' shows them; or put "
                                              "another CA under 'issuers'; it is tried again once a day, "
                                              "and at once with 'evercert renew NAME --now'";
constexpr std::string_view rate_limit = "wait: it is tried again by itself as soon as the CA allows it; if "
                                        "this comes back, ask for fewer certificates "
                                        "(several names can share one) or put a second CA under 'issuers'";
constexpr std::string_view lift_the_pause = "open the CA's address below and lift the pause there: it stays "
                                            "until a person does that, and the address is good "
                                            "for a limited time only (each daily try brings a new one); mend "
                                            "what made the name fail, then run 'evercert "
                                            "renew NAME --now'";
constexpr std::string_view trouble_of_the_ca = "nothing for now: the CA has trouble of its own and is asked "
                                               "again; if it lasts, see the CA's status page or put a "
                                               "second CA under 'issuers'";
constexpr std::string_view external_account =
    "get a key id and an HMAC key from the CA's own site, write the HMAC key to a file that evercertd can "
    "read, set "
    "'eab: { key_id: ..., hmac_key_file: ... }' for this issuer under 'issuers', then run 'evercert reload'";
constexpr std::string_view other_profile = "set 'profile' to one that the CA offers, or take it out to have "
                                           "the CA's default, then run 'evercert reload'; "
                                           "evercertd does not change to another profile by itself";
constexpr std::string_view see_config =
    "change the configuration of this certificate or of its issuer, then run 'evercert reload'";
constexpr std::string_view not_for_these_names = "take the name that the CA will not issue for out of the "
                                                 "configuration, or put another CA under 'issuers', then "
                                                 "run 'evercert reload'";
constexpr std::string_view the_account =
    "see with 'evercert account show ISSUER' whether the CA still takes this account, and whether it may "
    "have what "
    "was asked for (a profile, a name); change the issuer's settings, then run 'evercert reload'";
constexpr std::string_view unknown_certificate = "the CA most likely does not know this certificate: another "
                                                 "CA issued it, or this one has lost its state; "
                                                 "'evercert renew NAME --now' replaces it all the same";
constexpr std::string_view disk_full = "free some space on the disk that holds data_dir ('df -h' and 'df -i' "
                                       "show it) or raise the quota; what is in use "
                                       "was not touched, and it is tried again by itself";

constexpr std::string_view file_trouble = "see whether evercertd may read and write what is named here "
                                          "(owner, mode, read-only file systems), and whether the "
                                          "disk is well; it is tried again by itself";
constexpr std::string_view wrong_clock = "check this machine's clock ('timedatectl' shows it): by it, the "
                                         "dates of what the CA sent are wrong; if the clock is "
                                         "right, the CA's is not, and another one under 'issuers' helps";
constexpr std::string_view odd_chain = "nothing that is in use was touched; if it comes back, the CA has to "
                                       "be told, or another one put under 'issuers'";
constexpr std::string_view ca_at_work = "nothing: the names are proven and the CA works on the order, which "
                                        "is kept and looked at again by itself";
constexpr std::string_view no_way_to_the_ca = "see whether this machine reaches the CA (its network, its "
                                              "DNS, a proxy in between); if it does, the CA is slow or "
                                              "down, and it is tried again by itself";

// RFC 8555 section 6.7, RFC 9773, RFC 8739, RFC 9115, RFC 9799, draft-ietf-acme-profiles and the device
// attestation draft. Where a type means different things at different steps, classify() says so below.
constexpr std::array table{
    row{.type = "badNonce", .kind = now, .mend = ""},
    row{.type = "orderNotReady", .kind = now, .mend = ""},
    row{.type = "alreadyReplaced", .kind = now, .mend = ""},
    row{.type = "conflict", .kind = now, .mend = ""},
    row{.type = "rateLimited", .kind = later, .at_least = hour, .mend = rate_limit},
    row{.type = "serverInternal", .kind = later, .mend = trouble_of_the_ca},
    row{.type = "connection", .kind = later, .mend = our_side},
    row{.type = "dns", .kind = later, .mend = no_such_name},
    row{.type = "tls", .kind = later, .mend = our_side},
    row{.type = "incorrectResponse", .kind = later, .mend = another_server},
    row{.type = "unauthorized", .kind = daily, .mend = the_account},
    row{.type = "caa", .kind = daily, .mend = forbidden_by_caa},
    row{.type = "accountDoesNotExist",
        .kind = later,
        .mend = "nothing for now: the account is looked up again, and a new one is made if it is gone"},
    row{.type = "badCSR", .kind = daily, .mend = see_config},
    row{.type = "badPublicKey",
        .kind = later,
        .fresh_key = true,
        .mend = "nothing for now: the CA does not take this key, and a new one is made; if it goes on, "
                "choose another "
                "type under 'keys'"},
    row{.type = "badSignatureAlgorithm",
        .kind = daily,
        .mend = "choose another 'account_key' for this issuer, then run 'evercert reload'"},
    row{.type = "rejectedIdentifier", .kind = daily, .mend = not_for_these_names},
    row{.type = "unsupportedIdentifier", .kind = daily, .mend = not_for_these_names},
    row{.type = "invalidContact", .kind = daily, .mend = "correct 'email', then run 'evercert reload'"},
    row{.type = "unsupportedContact", .kind = daily, .mend = "correct 'email', then run 'evercert reload'"},
    row{.type = "invalidProfile", .kind = daily, .mend = other_profile},
    row{.type = "externalAccountRequired", .kind = daily, .mend = external_account},
    row{.type = "userActionRequired",
        .kind = daily,
        .mend = "open the address that the CA gives and do what it asks for (most often: agree to new "
                "terms), then run "
                "'evercert renew NAME --now'"},
    row{.type = "malformed",
        .kind = daily,
        .mend = "the CA does not understand the request: check the issuer's 'directory', then run 'evercert "
                "reload'"},
    row{.type = "alreadyRevoked", .kind = never, .mend = ""},
    row{.type = "badRevocationReason",
        .kind = never,
        .mend = "the CA does not take this reason: leave '--reason' out"},
    row{.type = "autoRenewalCanceled", .kind = daily, .mend = see_config},
    row{.type = "autoRenewalExpired", .kind = daily, .mend = see_config},
    row{.type = "autoRenewalCancellationInvalid", .kind = daily, .mend = see_config},
    row{.type = "autoRenewalRevocationNotSupported", .kind = daily, .mend = see_config},
    row{.type = "unknownDelegation", .kind = daily, .mend = see_config},
    row{.type = "onionCAARequired", .kind = daily, .mend = see_config},
    row{.type = "badAttestationStatement", .kind = daily, .mend = see_config},
};

const row* find(std::string_view type) {
    const auto* const found =
        std::find_if(table.begin(), table.end(), [&](const row& r) { return r.type == type; });
    return found == table.end() ? nullptr : found;
}

bool is_validation(step where) noexcept {
    return where == step::challenge || where == step::authorization;
}

/// The row's mend with the name in it.
std::string mend_of(std::string_view pattern, const std::string& name) {
    constexpr std::string_view place = "{name}";
    std::string mend(pattern);
    for (std::size_t at = mend.find(place); at != std::string::npos;
         at = mend.find(place, at + name.size())) {
        mend.replace(at, place.size(), name);
    }
    return mend;
}

/// What is said of http-01 means something else where a name was to be proven in another way.
std::string_view mend_for(std::string_view mend, std::string_view challenge) {
    const bool about_serving = mend == our_side || mend == another_server;
    if (challenge == "dns-persist-01" && (about_serving || mend == no_such_name)) {
        return standing_record;
    }
    if (challenge.starts_with("dns-") && (about_serving || mend == no_such_name)) {
        return record_not_found;
    }
    return challenge == "tls-alpn-01" && about_serving ? another_tls_server : mend;
}

verdict from_row(const row& r, const std::optional<identifier>& about, std::string_view challenge) {
    return verdict{r.kind, r.at_least, r.fresh_key, false,
                   mend_of(mend_for(r.mend, challenge), about ? about->base() : "the name")};
}

/// Our own check before registering knows that only in words.
bool wants_external_account(const failure& what) {
    return what.where == step::account && what.cause.message.find("external account") != std::string::npos;
}

/// Failures of one name say nothing about the others; failures before an order exists concern the whole
/// issuer.
bool before_orders(step where) {
    return where == step::directory || where == step::nonce || where == step::account;
}

verdict by_type(std::string_view type, const failure& what, const std::optional<identifier>& about) {
    if (type == "conflict" && what.where == step::key_change) {
        return verdict{.kind = never, .mend = "this key belongs to another account: make a new one"};
    }
    if (type == "malformed" && what.where == step::revocation) {
        return verdict{.kind = daily, .mend = std::string(unknown_certificate)};
    }
    if (type == "rateLimited" && is_pause(what)) {
        return verdict{.kind = daily, .mend = std::string(lift_the_pause)};
    }
    if (const row* r = find(type)) {
        return from_row(*r, about, what.challenge);
    }
    if (what.http_status == 429) {
        return verdict{.kind = later, .at_least = hour, .mend = std::string(rate_limit)};
    }
    if (what.http_status >= 500) {
        return verdict{.kind = later, .mend = std::string(trouble_of_the_ca)};
    }
    return verdict{.kind = daily, .mend = std::string(see_config)};
}

verdict by_error(const failure& what) {
    if (what.http_status == 429) {
        return verdict{.kind = later,
                       .at_least = what.retry_after ? milliseconds(0) : hour,
                       .mend = std::string(rate_limit)};
    }
    if (what.http_status == 404 || what.http_status == 405 || what.http_status == 410) {
        return verdict{.kind = daily, .mend = std::string(find("malformed")->mend)};
    }
    if (what.http_status >= 500) {
        return verdict{.kind = later, .mend = std::string(trouble_of_the_ca)};
    }
    const bool unproven = what.cause.code == errc::not_found || what.cause.code == errc::refused;
    if (what.challenge == "dns-persist-01" && what.where == step::challenge && unproven) {
        return verdict{.kind = later,
                       .mend = mend_of(standing_record, what.name ? what.name->base() : "the name")};
    }
    switch (what.cause.code) {
    case errc::invalid_argument:
    case errc::unsupported:
        return verdict{.kind = daily,
                       .mend = std::string(wants_external_account(what) ? external_account : see_config)};
    case errc::tls:
        return verdict{.kind = later,
                       .mend =
                           "the CA's own certificate is not trusted here: check this machine's clock, and "
                           "'trust' if it is a private CA"};
    case errc::no_space:
        return verdict{.kind = later, .mend = std::string(disk_full)};
    case errc::timed_out:
        if (what.where == step::order && what.finalized) {
            return verdict{.kind = later, .mend = std::string(ca_at_work)};
        }
        [[fallthrough]];
    case errc::network:
        return verdict{.kind = later, .mend = std::string(no_way_to_the_ca)};
    case errc::io:
        return verdict{.kind = later, .mend = std::string(file_trouble)};
    case errc::out_of_time:
        return verdict{.kind = later, .mend = std::string(wrong_clock)};
    case errc::refused:
    case errc::parse:
    case errc::corrupted:
        return verdict{.kind = later,
                       .mend = std::string(what.where == step::certificate ? odd_chain : std::string_view())};
    case errc::busy:
        return verdict{.kind = later,
                       .mend = "free what is in use, or do what is said about it; it is tried again by "
                               "itself, and at once with 'evercert renew NAME --now'"};
    default:
        return verdict{.kind = later};
    }
}

/// now is milder than later, later than daily, daily than never.
bool slower(problem_class a, problem_class b) {
    return static_cast<int>(a) > static_cast<int>(b);
}

} // namespace

std::string_view to_string(problem_class kind) noexcept {
    switch (kind) {
    case now:
        return "now";
    case later:
        return "later";
    case daily:
        return "daily";
    case never:
        return "never";
    }
    return "later";
}

std::string_view meant_type(std::string_view type, std::string_view detail, step where) noexcept {
    if (!is_validation(where)) {
        return type;
    }
    if (type == "unauthorized") {
        return "incorrectResponse";
    }
    // A name without an address: Pebble words it so, step-ca passes on what Go's resolver says.
    const bool nameless = detail.find("could not resolve") != std::string_view::npos ||
                          detail.find("no such host") != std::string_view::npos;
    return nameless && (type == "connection" || type == "malformed") ? "dns" : type;
}

bool is_pause(const failure& what) noexcept {
    const bool limited = what.said && what.said->is("rateLimited") && !what.retry_after;
    return limited && what.said->detail.find("pause") != std::string::npos;
}

verdict classify(const failure& what) {
    verdict judged;
    if (what.profile_missing) {
        judged = verdict{.kind = daily, .mend = std::string(other_profile)};
    } else if (!what.said) {
        judged = by_error(what);
    } else if (what.said->is("compound") && !what.said->subproblems.empty()) {
        judged.kind = now;
        for (const auto& sub : what.said->subproblems) {
            verdict part =
                by_type(meant_type(sub.type, sub.detail, what.where), what, sub.name ? sub.name : what.name);
            const bool replaces = slower(part.kind, judged.kind) || judged.mend.empty();
            part.at_least = std::max(part.at_least, judged.at_least);
            part.fresh_key |= judged.fresh_key;
            if (replaces) {
                part.kind = std::max(part.kind, judged.kind);
                judged = std::move(part);
            }
        }
    } else {
        judged = by_type(meant_type(what.said->type, what.said->detail, what.where), what, what.name);
    }
    if (what.retry_after) {
        // The CA's own word replaces our floor, in both directions.
        judged.at_least = *what.retry_after;
    }
    const bool no_word = !what.said && !what.profile_missing && what.cause.code != errc::protocol;
    const bool in_trouble = what.said && what.said->is("serverInternal") && what.http_status >= 500;
    judged.whole_issuer =
        before_orders(what.where) || (what.where == step::new_order && (no_word || in_trouble));
    return judged;
}

} // namespace evercert::lifecycle
