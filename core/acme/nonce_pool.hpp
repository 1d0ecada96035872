#pragma once
// Anti-replay nonces kept for later requests (RFC 8555 section 6.5).
#include "core/base/time.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::acme {

/// A small store of unused nonces, newest first: the CA forgets the oldest. Nonces of bad syntax are never
/// kept, and none is handed out twice or after `age_limit`.
class nonce_pool {
public:
    explicit nonce_pool(std::size_t capacity = 128, milliseconds age_limit = std::chrono::minutes(5))
        : capacity_(capacity), age_limit_(age_limit) {}

    /// False when it was refused.
    bool put(std::string_view nonce, steady_time now);
    std::optional<std::string> take(steady_time now);
    void clear() noexcept { nonces_.clear(); }
    [[nodiscard]] std::size_t size() const noexcept { return nonces_.size(); }

private:
    struct kept {
        std::string text;
        steady_time since;
    };
    std::deque<kept> nonces_; ///< oldest first
    std::size_t capacity_;
    milliseconds age_limit_;
};

/// RFC 8555 section 6.5.1: base64url; at most 1024 bytes here.
bool good_nonce(std::string_view text) noexcept;

} // namespace evercert::acme
