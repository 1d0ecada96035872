#pragma once
// What the listener may say: exactly the answers that are live now.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evercert::solvers {

/// Live answers by (host, token). Hosts are identifiers' values: lower case, no trailing dot, IPv6 as in RFC
/// 5952 without brackets. The same answer may be put several times (two orders that share a pending
/// authorization); it lives until it was removed as often.
class token_table {
public:
    using callback = std::function<void()>;

    struct answer {
        std::string key_authorization;
        unsigned count = 0;
        std::vector<std::shared_ptr<callback>> on_fetched;
    };

    void put(std::string_view host, std::string_view token, std::string key_authorization,
             callback on_fetched);
    /// Removing what is not there does nothing. While others still hold the answer all callbacks are dropped:
    /// whose is whose cannot be told, and one whose order has ended must not be called any more.
    void remove(std::string_view host, std::string_view token, std::string_view key_authorization);
    /// The newest live answer, or null. Valid until the next change.
    [[nodiscard]] const answer* find(std::string_view host, std::string_view token) const;
    [[nodiscard]] std::size_t size() const noexcept { return answers_.size(); }

private:
    static std::string key(std::string_view host, std::string_view token);
    std::unordered_map<std::string, std::vector<answer>> answers_;
};

} // namespace evercert::solvers
