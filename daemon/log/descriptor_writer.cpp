#include "daemon/log/descriptor_writer.hpp"

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace evercert::daemon {

bool descriptor_writer::write_whole(std::string_view line) {
    // A pipe that polls as writable takes PIPE_BUF bytes at once, so no write blocks. A short pause lets a
    // busy reader catch up; one that has stalled already is not waited for again.
    const int patience_ms = dropped_ == 0 ? 50 : 0;
    while (!line.empty()) {
        pollfd poller{descriptor_, POLLOUT, 0};
        if (::poll(&poller, 1, patience_ms) <= 0 || (poller.revents & POLLOUT) == 0) {
            return false;
        }
        const auto written = ::write(descriptor_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        line.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void descriptor_writer::operator()(std::string_view line) {
    if (dropped_ > 0) {
        const std::string notice = fmt::format("({} log lines were dropped: nobody read them)\n", dropped_);
        if (!write_whole(notice)) {
            ++dropped_;
            return;
        }
        dropped_ = 0;
    }
    if (!write_whole(line)) {
        ++dropped_;
    }
}

} // namespace evercert::daemon
