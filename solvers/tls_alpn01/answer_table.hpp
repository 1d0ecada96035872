#pragma once
// Which certificates the listener may show: exactly those of the challenges that are live now.
#include "core/crypto/certificate.hpp"
#include "core/model/identifier.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evercert::solvers {

/// The server name (SNI) that a CA asks for: the name itself, without "*."; for an address its name in the
/// reverse DNS, as "10.113.0.203.in-addr.arpa" (RFC 8738 section 6). Empty for an address that is none.
std::string server_name_of(const identifier& name);

/// Live answers by server name. The same answer may be put several times (two orders that share a pending
/// authorization); it lives until it was removed as often. Of several answers to one name the newest is
/// shown: a client cannot say which it wants.
class answer_table {
public:
    using callback = std::function<void()>;

    struct answer {
        std::string key_authorization;
        std::shared_ptr<const crypto::certificate> certificate;
        unsigned count = 0;
        std::vector<std::shared_ptr<callback>> on_fetched;
    };

    /// Whether there is such an answer already, which needs no certificate of its own.
    [[nodiscard]] bool holds(std::string_view server_name, std::string_view key_authorization) const;
    /// `certificate` may be null if `holds` says so, or if none could be made: then it is only counted.
    void put(std::string_view server_name, std::string key_authorization,
             std::shared_ptr<const crypto::certificate> certificate, callback on_fetched);
    /// Removing what is not there does nothing. While others still hold the answer all callbacks are dropped:
    /// whose is whose cannot be told, and one whose order has ended must not be called any more.
    void remove(std::string_view server_name, std::string_view key_authorization);
    /// The newest answer that has a certificate, or null. Valid until the next change.
    [[nodiscard]] const answer* find(std::string_view server_name) const;
    [[nodiscard]] std::size_t size() const noexcept { return answers_.size(); }

private:
    std::unordered_map<std::string, std::vector<answer>> answers_;
};

} // namespace evercert::solvers
