#pragma once
// evercert-deploy's own view of the configuration: what it may do, whoever asks.
#include "config/settings.hpp"
#include "core/ports/event_sink.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace evercert::daemon {

/// The configuration file, read again whenever it is another (inode, size or a time of it). It is held to
/// `check_trusted` every time it is asked for: while it is not trusted there are no settings. A file with
/// mistakes never replaces settings that are in force. Loop thread only; reading a large file holds it up.
class trusted_settings {
public:
    using change_handler = std::function<void(const config::settings&)>;

    /// `on_change` is called with each new settings. `events` must outlive this.
    trusted_settings(std::string path, event_sink& events, change_handler on_change);

    /// Those in force. errc::refused (not trusted), errc::invalid_argument (mistakes, and nothing in force),
    /// not_found.
    result<const config::settings*> current();
    /// The entry of this name; null if there is none. Of what `current` returned last.
    [[nodiscard]] certificate_ptr find(std::string_view certificate) const;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    void load();

    std::string path_;
    event_sink& events_;
    change_handler on_change_;
    std::optional<struct stat> seen_;
    std::optional<config::settings> settings_;
    std::map<std::string_view, certificate_ptr> by_name_; ///< names lie in the certificates
    std::string mistakes_;                                ///< in the file as it was seen last
};

} // namespace evercert::daemon
