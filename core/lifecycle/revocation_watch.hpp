#pragma once
// Whether a certificate was revoked behind our back, by the CRL that its leaf names (RFC 5280 section 5 and
// 6.3). CRLs are the one public channel for that since OCSP ended.
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/crypto/certificate.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/http_client.hpp"

#include <memory>
#include <optional>
#include <string>

namespace evercert::lifecycle {

struct watched_leaf {
    std::string serial; ///< as crypto::certificate::serial
    std::string url;    ///< one of crypto::certificate::crl_urls: foreign text
};

enum class crl_verdict {
    good,    ///< a CRL that is valid now does not list it
    revoked, ///< a properly signed CRL lists it
    unknown, ///< there is no such CRL at hand
};

struct crl_answer {
    crl_verdict verdict = crl_verdict::unknown;
    int reason = 0;       ///< if revoked: RFC 5280 section 5.3.1
    wall_time revoked_at; ///< if revoked
    std::string trouble;  ///< if unknown: why, for people; foreign text in it is escaped
    wall_time ask_again;  ///< before this nothing new is known; spread by chance
    bool young = false;   ///< the list at hand was not due to be fetched again when this was said
};

/// Fetches CRLs politely and answers from them. Each is fetched when it is asked about and half of its life
/// (thisUpdate to nextUpdate, clamped to 1 h .. 12 h, and not past nextUpdate) has gone since the last time;
/// once for all who ask, at most two at a time in all, conditionally. Failures back off from 10 min to 12 h;
/// the last good list is used until its nextUpdate. What a list that is out of date says about listed
/// certificates still counts, a signed entry is a fact, but it never makes anything `good`; nor does a list
/// without nextUpdate, which an attacker could replay for ever. A list nobody asked about for 2 days is
/// forgotten.
///
/// Emits "crl.unusable" (warning; once for each new trouble, and when a valid list is at hand only if it
/// lasts for three attempts) and "crl.fetched" (debug), both with the field "url".
///
/// Loop thread only. Must outlive its coroutines, and what it is given must outlive it.
class revocation_watch {
public:
    revocation_watch(http_client& http, time_source& time, random_source& random, worker_pool& workers,
                     event_sink& events);
    ~revocation_watch();
    revocation_watch(const revocation_watch&) = delete;
    revocation_watch& operator=(const revocation_watch&) = delete;

    /// Answers at once when the list at hand is young enough, else after it was fetched. `issuer` is the
    /// certificate above the leaf in its chain; null if it is not known, which makes all unknown. Several
    /// URLs of one leaf are mirrors: ask for the next when one is unknown. Cancelling throws; others who wait
    /// for the same list go on.
    awaitable<crl_answer> check(watched_leaf leaf, std::shared_ptr<const crypto::certificate> issuer);

    /// The same from what is at hand, without fetching; nullopt if that list was never fetched.
    [[nodiscard]] std::optional<crl_answer> cached(const watched_leaf& leaf,
                                                   const crypto::certificate& issuer) const;

    /// How many lists are kept.
    [[nodiscard]] std::size_t lists() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace evercert::lifecycle
