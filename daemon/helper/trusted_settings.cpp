#include "daemon/helper/trusted_settings.hpp"

#include "config/load.hpp"
#include "daemon/helper/trust.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace evercert::daemon {
namespace {

bool same_time(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           same_time(a.st_mtim, b.st_mtim) && same_time(a.st_ctim, b.st_ctim);
}

} // namespace

trusted_settings::trusted_settings(std::string path, event_sink& events, change_handler on_change)
    : path_(std::move(path)), events_(events), on_change_(std::move(on_change)) {}

result<const config::settings*> trusted_settings::current() {
    if (auto trusted = check_trusted(path_); !trusted) {
        return fail(trusted.error().within("the configuration"));
    }
    // Looked at before it is read: what changes in between is read once more.
    struct stat info{};
    if (::stat(path_.c_str(), &info) != 0) {
        return fail(system_error(errno, fmt::format("the configuration {}", path_)));
    }
    if (!seen_ || !same_file(*seen_, info)) {
        seen_ = info;
        load();
    }
    if (!settings_) {
        return fail(errc::invalid_argument, mistakes_);
    }
    return &*settings_;
}

void trusted_settings::load() {
    auto loaded = config::load_file(path_);
    if (!loaded) {
        const auto& wrong = loaded.error();
        mistakes_ =
            fmt::format("the configuration has {} mistake{}, the first: {}. `evercertd --check` shows all",
                        wrong.size(), wrong.size() == 1 ? "" : "s", wrong.front().to_string());
        event refused;
        refused.id = "config.refused";
        refused.level = severity::error;
        refused.message = mistakes_;
        events_.emit(refused);
        return;
    }
    by_name_.clear();
    settings_ = std::move(*loaded);
    for (const certificate_ptr& each : settings_->certificates) {
        by_name_.emplace(each->name, each);
    }
    on_change_(*settings_);
}

certificate_ptr trusted_settings::find(std::string_view certificate) const {
    const auto found = by_name_.find(certificate);
    return found != by_name_.end() ? found->second : nullptr;
}

} // namespace evercert::daemon
