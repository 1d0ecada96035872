#pragma once
// A thousand raw connections at once, and what they cost the process.
#include "tests/core/net/fixture.hpp"

#include <fstream>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace evercert::testing {

inline constexpr std::size_t crowd = 1000;
inline constexpr std::size_t mib = 1024 * 1024;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_counts = false;
#elif defined(__has_feature)
inline constexpr bool memory_counts = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
inline constexpr bool memory_counts = true;
#endif

/// Resident bytes of this process that are its own.
inline std::size_t resident() {
    std::ifstream file("/proc/self/statm");
    std::size_t size = 0;
    std::size_t pages = 0;
    std::size_t shared = 0;
    file >> size >> pages >> shared;
    return (pages - shared) * static_cast<std::size_t>(::getpagesize());
}

/// Room for both ends of the crowd.
struct more_descriptors {
    more_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &old);
        rlimit raised = old;
        raised.rlim_cur = std::max<rlim_t>(old.rlim_cur, std::min<rlim_t>(old.rlim_max, 4 * crowd));
        ::setrlimit(RLIMIT_NOFILE, &raised);
        enough = raised.rlim_cur >= 2 * crowd + 100;
    }
    more_descriptors(const more_descriptors&) = delete;
    more_descriptors& operator=(const more_descriptors&) = delete;
    ~more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &old); }

    rlimit old{};
    bool enough = false;
};

/// Raw sockets: what they cost is the kernel's.
struct clients {
    clients(asio::io_context& loop, tcp::endpoint where, const std::string& bytes) {
        for (std::size_t i = 0; i < crowd; ++i) {
            const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            REQUIRE(made >= 0);
            all.push_back(made);
            REQUIRE(::connect(made, where.data(), static_cast<socklen_t>(where.size())) == 0);
            REQUIRE(::send(made, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
            if (i % 50 == 49) {
                loop.restart();
                loop.poll();
            }
        }
    }
    clients(const clients&) = delete;
    clients& operator=(const clients&) = delete;
    ~clients() {
        for (const int each : all) {
            ::close(each);
        }
    }
    std::vector<int> all;
};

/// Runs until the server has closed its ends; the most that was resident meanwhile.
inline std::size_t peak_until_closed(asio::io_context& loop, std::size_t descriptors) {
    std::size_t peak = 0;
    bool closed = false;
    for (int i = 0; i < 500 && !closed; ++i) {
        run_for(loop, milliseconds(20));
        peak = std::max(peak, resident());
        closed = open_descriptors() <= descriptors;
    }
    CHECK(closed);
    return peak;
}

} // namespace evercert::testing
