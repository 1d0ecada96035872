#include "core/acme/nonce_pool.hpp"

#include "core/acme/token.hpp"

namespace evercert::acme {

bool good_nonce(std::string_view text) noexcept {
    return is_base64url_text(text, 1024);
}

bool nonce_pool::put(std::string_view nonce, steady_time now) {
    if (!good_nonce(nonce)) {
        return false;
    }
    nonces_.push_back(kept{std::string(nonce), now});
    if (nonces_.size() > capacity_) {
        nonces_.pop_front();
    }
    return true;
}

std::optional<std::string> nonce_pool::take(steady_time now) {
    while (!nonces_.empty() && now - nonces_.front().since > age_limit_) {
        nonces_.pop_front();
    }
    if (nonces_.empty()) {
        return std::nullopt;
    }
    std::string newest = std::move(nonces_.back().text);
    nonces_.pop_back();
    return newest;
}

} // namespace evercert::acme
