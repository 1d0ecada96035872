#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace evercert::daemon {

/// Writes log lines to a descriptor without ever blocking the event loop: when its reader has stalled (a pipe
/// nobody reads, a terminal held by Ctrl-S) lines are dropped, and their number is written when it takes
/// bytes again.
class descriptor_writer {
public:
    /// Does not own the descriptor.
    explicit descriptor_writer(int descriptor) : descriptor_(descriptor) {}
    void operator()(std::string_view line);

private:
    bool write_whole(std::string_view line);

    int descriptor_;
    std::size_t dropped_ = 0;
};

} // namespace evercert::daemon
