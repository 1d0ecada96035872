#pragma once
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace evercert {

/// Owns a file descriptor. A failing close is not looked at: what must be durable has been synced before.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~unique_fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept {
        if (fd_ >= 0) {
            int kept = errno; // cleaning up must not hide why we clean up
            ::close(std::exchange(fd_, -1));
            errno = kept;
        }
    }

private:
    int fd_ = -1;
};

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
    for (;;) {
        auto outcome = call();
        if (outcome != -1 || errno != EINTR) {
            return outcome;
        }
    }
}

} // namespace evercert
