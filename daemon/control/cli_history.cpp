// What happened, and what happens.
#include "daemon/control/conversation.hpp"
#include "daemon/control/views.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace evercert::daemon {
namespace {

using lifecycle::history_line;

/// Of the record, in front of what happens.
constexpr std::size_t shown_before = 10;

class follower {
public:
    follower(const conversation& with, std::string record) : with_(with), record_(std::move(record)) {}

    /// One line of the stream; false when there is no point in going on.
    bool take(std::string_view text) {
        const auto line = with_.understood(event_from_json(text));
        if (!line) {
            code_ = line.error();
        } else if (line->event == "stream.begun") {
            // Asked for only now, so that nothing falls between the record and the stream.
            show_record();
        } else if (line->event != "stream.alive" && !shown_already(*line)) {
            show(*line);
        }
        return !code_;
    }
    [[nodiscard]] std::optional<int> code() const { return code_; }

private:
    void show_record() {
        const auto text = with_.ask("GET", record_);
        auto lines = text ? with_.understood(history_from_json(*text)) : std::unexpected(text.error());
        if (!lines) {
            code_ = lines.error();
            return;
        }
        recorded_ = std::move(*lines);
        const std::size_t count = std::min(recorded_.size(), shown_before);
        std::for_each(recorded_.end() - static_cast<std::ptrdiff_t>(count), recorded_.end(),
                      [this](const history_line& line) { show(line); });
    }
    bool shown_already(const history_line& line) {
        const auto found = std::ranges::find(recorded_, line);
        if (found == recorded_.end()) {
            recorded_.clear(); // the stream has come to what is newer
            return false;
        }
        recorded_.erase(found);
        return true;
    }
    void show(const history_line& line) const {
        if (with_.options().json) {
            with_.say(event_to_json(line));
        } else {
            with_.world().out(event_view(line, with_.options().name.empty()));
        }
    }

    const conversation& with_;
    std::string record_; ///< where to ask for it
    std::vector<history_line> recorded_;
    std::optional<int> code_;
};

int follow(const conversation& with, const std::string& record) {
    const std::string& name = with.options().name;
    follower what(with, record);
    const auto end = with.follow(name.empty() ? "/v1/events" : "/v1/events?certificate=" + name,
                                 [&](std::string_view line) { return what.take(line); });
    if (!end) {
        return end.error();
    }
    return what.code() ? *what.code() : with.complain(exit_no_daemon, "evercertd has ended");
}

} // namespace

int run_history(const conversation& with) {
    const std::string& name = with.options().name;
    const std::string record = name.empty() ? "/v1/history" : "/v1/history/" + name;
    if (with.options().follow) {
        return follow(with, record);
    }
    return with.look(record, history_from_json,
                     [&](const auto& lines) { return history_view(lines, name.empty()); });
}

} // namespace evercert::daemon
