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
    bool forget_account = false;
    bool fresh_key = false;
    std::string_view mend;
};

constexpr std::string_view our_side = "the CA cannot reach this name's challenge: check that its A and AAAA "
                                      "records lead here and that port 80 is open";
constexpr std::string_view see_config =
    "change the configuration of this certificate, then run 'evercert reload'";

// RFC 8555 section 6.7, RFC 9773, RFC 8739, RFC 9115, RFC 9799, draft-ietf-acme-profiles and the device
// attestation draft. Where a type means different things at different steps, classify() says so below.
constexpr std::array table{
    row{.type = "badNonce", .kind = now, .mend = ""},
    row{.type = "orderNotReady", .kind = now, .mend = ""},
    row{.type = "alreadyReplaced", .kind = now, .mend = ""},
    row{.type = "conflict", .kind = now, .mend = ""},
    row{.type = "rateLimited",
        .kind = later,
        .at_least = hour,
        .mend = "the CA limits how much it issues: wait; see the address in its message"},
    row{.type = "serverInternal", .kind = later, .mend = ""},
    row{.type = "connection", .kind = later, .mend = our_side},
    row{.type = "dns",
        .kind = later,
        .mend = "the CA could not look the name up: check its DNS zone, DNSSEC included"},
    row{.type = "tls", .kind = later, .mend = our_side},
    row{.type = "incorrectResponse",
        .kind = later,
        .mend = "another server answered the challenge: requests for /.well-known/acme-challenge/ must reach "
                "evercertd"},
    row{.type = "unauthorized",
        .kind = daily,
        .mend =
            "the CA refuses this account or what it asked for: check the account and the issuer's settings"},
    row{.type = "caa",
        .kind = daily,
        .mend = "a CAA record forbids this CA: add it to the record or use another issuer"},
    row{.type = "accountDoesNotExist", .kind = later, .forget_account = true, .mend = ""},
    row{.type = "badCSR", .kind = daily, .mend = see_config},
    row{.type = "badPublicKey",
        .kind = later,
        .fresh_key = true,
        .mend = "the CA does not take this key: a new one is made; if it goes on, choose another type under "
                "'keys'"},
    row{.type = "badSignatureAlgorithm",
        .kind = daily,
        .mend = "choose another 'account_key' for this issuer"},
    row{.type = "rejectedIdentifier",
        .kind = daily,
        .mend = "the CA will not issue for one of the names: remove it"},
    row{.type = "unsupportedIdentifier",
        .kind = daily,
        .mend = "the CA does not issue for this kind of name: remove it"},
    row{.type = "invalidContact", .kind = daily, .mend = "correct 'email'"},
    row{.type = "unsupportedContact", .kind = daily, .mend = "correct 'email'"},
    row{.type = "invalidProfile", .kind = daily, .mend = see_config},
    row{.type = "externalAccountRequired",
        .kind = daily,
        .mend = "this CA wants an external account: set 'eab' for the issuer with the key it gave you"},
    row{.type = "userActionRequired",
        .kind = daily,
        .mend = "a person must visit the address that the CA gives"},
    row{.type = "malformed",
        .kind = daily,
        .mend = "the CA does not understand the request: check the issuer's 'directory'"},
    row{.type = "alreadyRevoked", .kind = never, .mend = ""},
    row{.type = "badRevocationReason",
        .kind = never,
        .mend = "the CA does not take this reason: leave it out"},
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

verdict from_row(const row& r) {
    return verdict{r.kind, r.at_least, r.forget_account, r.fresh_key, false, std::string(r.mend)};
}

/// Failures of one name say nothing about the others; failures before an order exists concern the whole
/// issuer.
bool before_orders(step where) {
    return where == step::directory || where == step::nonce || where == step::account;
}

verdict by_type(std::string_view type, const failure& what) {
    const bool validating = what.where == step::challenge || what.where == step::authorization;
    if (type == "unauthorized" && validating) {
        return from_row(*find("incorrectResponse"));
    }
    if (type == "conflict" && what.where == step::key_change) {
        return verdict{.kind = never, .mend = "this key belongs to another account: make a new one"};
    }
    if (type == "rateLimited" && !what.retry_after) {
        // Let's Encrypt's "paused" has no Retry-After but an address where a person can lift it. An hour is
        // the floor for any other 429 without one.
        const bool paused = what.said && what.said->detail.find("paused") != std::string::npos;
        if (paused) {
            return verdict{.kind = daily,
                           .mend = "the CA has paused this name: open the address in its message"};
        }
    }
    if (const row* r = find(type)) {
        return from_row(*r);
    }
    if (what.http_status == 429 || what.http_status >= 500) {
        return verdict{.kind = later, .at_least = what.http_status == 429 ? hour : milliseconds(0)};
    }
    return verdict{.kind = daily, .mend = std::string(see_config)};
}

verdict by_error(const failure& what) {
    if (what.http_status == 429) {
        return verdict{.kind = later, .at_least = what.retry_after ? milliseconds(0) : hour};
    }
    if (what.http_status == 404 || what.http_status == 405 || what.http_status == 410) {
        return verdict{.kind = daily, .mend = std::string(find("malformed")->mend)};
    }
    switch (what.cause.code) {
    case errc::invalid_argument:
    case errc::unsupported:
        return verdict{.kind = daily, .mend = std::string(see_config)};
    case errc::tls:
        return verdict{.kind = later,
                       .mend = "the CA's own certificate is not trusted: check the clock, and 'trust' for a "
                               "private CA"};
    case errc::no_space:
        return verdict{.kind = later, .mend = "free some disk space"};
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

verdict classify(const failure& what) {
    verdict judged;
    if (!what.said) {
        judged = by_error(what);
    } else if (what.said->is("compound") && !what.said->subproblems.empty()) {
        judged.kind = now;
        for (const auto& sub : what.said->subproblems) {
            verdict part = by_type(sub.type, what);
            const bool replaces = slower(part.kind, judged.kind) || judged.mend.empty();
            part.at_least = std::max(part.at_least, judged.at_least);
            part.forget_account |= judged.forget_account;
            part.fresh_key |= judged.fresh_key;
            if (replaces) {
                part.kind = std::max(part.kind, judged.kind);
                judged = std::move(part);
            }
        }
    } else {
        judged = by_type(what.said->type, what);
    }
    if (what.retry_after) {
        // The CA's own word replaces our floor, in both directions.
        judged.at_least = *what.retry_after;
    }
    judged.whole_issuer = before_orders(what.where) ||
                          (what.where == step::new_order && !what.said && what.cause.code != errc::protocol);
    return judged;
}

std::string explain(const failure& what, const verdict& judged) {
    std::string text = fmt::format("{}{}{}: {}", to_string(what.where), what.name ? " for " : "",
                                   what.name ? what.name->value : "", what.cause.text());
    if (what.said) {
        text +=
            fmt::format("; the CA says {}", escape(what.said->type.empty() ? "error" : what.said->type, 80));
        if (!what.said->detail.empty()) {
            text += fmt::format(" \"{}\"", escape(what.said->detail, 400));
        }
        for (const auto& sub : what.said->subproblems) {
            if (text.size() > 1200) {
                break;
            }
            text += fmt::format("; {}{}{} \"{}\"", sub.name ? escape(sub.name->value, 100) : "",
                                sub.name ? ": " : "", escape(sub.type, 80), escape(sub.detail, 200));
        }
        if (!what.said->instance.empty()) {
            text += fmt::format("; see {}", escape(what.said->instance, 300));
        }
    }
    if (!judged.mend.empty()) {
        text +=
            fmt::format(". {}{}", static_cast<char>(judged.mend.front() - 'a' + 'A'), judged.mend.substr(1));
    }
    return text;
}

} // namespace evercert::lifecycle
