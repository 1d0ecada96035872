#pragma once
#include <expected>
#include <string>

namespace evercert::net {

/// Why a look at a server showed nothing. `words` are ours: "connection refused".
struct probe_error {
    enum class kind {
        refused,   ///< somebody said that nobody listens there
        no_way,    ///< no route, or forbidden on the way
        silent,    ///< no connection in time
        stalled,   ///< connected, and no (whole) answer in time
        broken,    ///< connected, and closed before the answer was complete
        tls,       ///< no TLS handshake
        garbage,   ///< an answer that is none
        unwilling, ///< it understood, and will not begin TLS
    };

    kind what = kind::broken;
    std::string words;
    std::string foreign; ///< the server's, to be shown only through `escape`

    probe_error() = default;
    probe_error(kind k, std::string w, std::string f = {})
        : what(k), words(std::move(w)), foreign(std::move(f)) {}

    /// No connection came to be.
    [[nodiscard]] bool unconnected() const noexcept {
        return what == kind::refused || what == kind::no_way || what == kind::silent;
    }
};

template <class T>
using probe_result = std::expected<T, probe_error>;

} // namespace evercert::net
