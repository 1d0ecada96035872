#pragma once
// What is known of one CRL, and when to fetch it again: no I/O, no clock. The act is revocation_watch.
#include "core/base/random.hpp"
#include "core/crypto/crl.hpp"
#include "core/lifecycle/revocation_watch.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::lifecycle {

/// How one attempt to fetch ended: with a list, with "unchanged", or with a trouble.
struct crl_fetch {
    std::shared_ptr<const crypto::crl> list;
    bool unchanged = false; ///< 304
    std::string trouble;
    milliseconds at_least{0}; ///< with a trouble: the server wants to be left alone this long
    std::string etag;         ///< with a list: the server's headers, foreign text
    std::string last_modified;
};

class crl_source {
public:
    /// Headers that ask only for a list newer than the one at hand.
    [[nodiscard]] std::vector<http_header> conditions() const;

    /// True if this is a list that was not at hand before.
    bool take(crl_fetch got, wall_time now, steady_time steady, random_source& random);
    [[nodiscard]] bool due(steady_time steady) const noexcept { return steady >= due_; }
    [[nodiscard]] bool tried() const noexcept { return list_ != nullptr || failures_ > 0; }
    [[nodiscard]] const std::shared_ptr<const crypto::crl>& list() const noexcept { return list_; }

    /// The trouble, if it should be told now and was not told before. Call after `take`.
    std::optional<std::string> news(wall_time now);
    /// Whether a trouble was told and is over since.
    bool mended();

    /// `serial` must be a serial number.
    [[nodiscard]] crl_answer answer(const std::string& serial, wall_time now, steady_time steady,
                                    random_source& random) const;

private:
    [[nodiscard]] bool valid(wall_time now) const;
    [[nodiscard]] std::string why_invalid(wall_time now) const;
    [[nodiscard]] milliseconds life(wall_time now, random_source& random) const;

    std::shared_ptr<const crypto::crl> list_; ///< the last good one, even if it is out of date
    std::string etag_;
    std::string last_modified_;
    steady_time due_ = steady_time::min();
    unsigned failures_ = 0; ///< in a row
    std::string trouble_;   ///< of the last attempt
    std::string told_;
};

} // namespace evercert::lifecycle
