#pragma once
// What the parts of one issuance share.
#include "core/acme/client.hpp"
#include "core/acme/session.hpp"

#include <string>
#include <utility>
#include <vector>

namespace evercert::acme {

/// Lives in the frame of one issue() call; everything that refers to it has ended when that returns.
struct issue_context {
    session& talk;
    asio::any_io_executor executor;
    issuance request;
    steady_time deadline; ///< when patience ends

    issue_context(session& s, asio::any_io_executor e, issuance r)
        : talk(s)
        , executor(std::move(e))
        , request(std::move(r))
        , deadline(s.parts().time.steady_now() + request.patience) {}

    [[nodiscard]] time_source& time() const { return talk.parts().time; }
    [[nodiscard]] const std::string& directory_url() const { return talk.settings().directory; }

    void tell(std::string_view id, severity level, std::string message,
              std::vector<std::pair<std::string, std::string>> fields = {}) const {
        if (!talk.parts().events.reads(level)) {
            return;
        }
        event what;
        what.id = id;
        what.level = level;
        what.certificate = request.certificate;
        what.message = std::move(message);
        what.fields = std::move(fields);
        talk.parts().events.emit(what);
    }
};

} // namespace evercert::acme
