#pragma once
// Internal to core/net: what is said before TLS begins on a port that is not for TLS alone.
#include "core/model/verify_target.hpp"
#include "core/net/connection.hpp"
#include "core/net/probe_error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::net {

/// The conversation, without I/O: SMTP (RFC 5321, 3207), LMTP (RFC 2033), IMAP (RFC 9051), POP3 (RFC 1939,
/// 2449, 2595). The server speaks first.
class starttls_talk {
public:
    struct step {
        enum class kind {
            listen, ///< to the next line
            say,    ///< `words`, then listen
            begin,  ///< TLS; nothing may have come after this line
            fail,   ///< `why`
        };
        kind what = kind::listen;
        std::string words;
        probe_error why;
    };

    /// Not for tls_start::at_once, which has nothing to say.
    explicit starttls_talk(tls_start how) noexcept : how_(how) {}
    /// The next line of the server, without its end.
    step take(std::string_view line);

private:
    enum class stage { greeting, offers, go_ahead };

    step take_smtp(std::string_view line);
    step take_imap(std::string_view line);
    step take_pop3(std::string_view line);
    step ask_for_tls(std::string words);

    tls_start how_;
    stage stage_ = stage::greeting;
    std::string code_;     ///< of the SMTP reply that is being read
    bool listing_ = false; ///< the lines of POP3's list of capabilities
    bool offered_ = false;
};

/// Up to the moment at which the client's handshake is due, on a connected `on`; its deadline holds. At most
/// 16 KiB are read. Nothing is good.
awaitable<std::optional<probe_error>> start_tls(connection& on, tls_start how);

/// How a client takes its leave, so that the server does not log a broken conversation; empty for at_once.
std::string_view farewell(tls_start how) noexcept;

} // namespace evercert::net
