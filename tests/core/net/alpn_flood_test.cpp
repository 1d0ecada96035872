// What a thousand connections cost that say half of what they want.
#include "tests/core/net/alpn_setup.hpp"

#include <fstream>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::testing;

namespace {

constexpr std::size_t crowd = 1000;
constexpr std::size_t mib = 1024 * 1024;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_counts = false;
#elif defined(__has_feature)
constexpr bool memory_counts = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool memory_counts = true;
#endif

/// Resident bytes of this process that are its own.
std::size_t resident() {
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
std::size_t peak_until_closed(asio::io_context& loop, std::size_t descriptors) {
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

} // namespace

TEST_CASE_METHOD(alpn_setup, "A thousand half ClientHellos cost little, and all of it is given back") {
    const more_descriptors room;
    REQUIRE(room.enough);
    net::alpn_limits limits;
    limits.lifetime = seconds(1);
    start(limits);
    serve("a.example");
    const auto hello = client_hello_of(tls_plan("a.example"));
    CHECK(shake(tls_plan("a.example")).done); // OpenSSL has what it keeps for good
    run_for(loop, milliseconds(10));
    const auto descriptors = open_descriptors();
    ::malloc_trim(0);
    const auto before = resident();
    // Asio keeps the records of its sockets for the next ones: that is once, not each time.
    for (const std::size_t kept : {4 * mib, 5 * mib}) {
        {
            const clients many(loop, where, hello.substr(0, hello.size() - 1));
            const auto peak = peak_until_closed(loop, descriptors + crowd);
            CAPTURE(peak - before);
            if (memory_counts) {
                CHECK(peak < before + 8 * mib);
            }
        }
        CHECK(open_descriptors() == descriptors);
        ::malloc_trim(0);
        if (memory_counts) {
            CHECK(resident() < before + kept);
        }
    }
    CHECK(shake(tls_plan("a.example")).done);
}

TEST_CASE_METHOD(alpn_setup, "A thousand stalled handshakes cost no more than those whose turn it is") {
    const more_descriptors room;
    REQUIRE(room.enough);
    net::alpn_limits limits;
    limits.lifetime = seconds(1);
    limits.handshakes = 64;
    start(limits);
    serve("a.example");
    CHECK(shake(tls_plan("a.example")).done);
    run_for(loop, milliseconds(10));
    const auto descriptors = open_descriptors();
    ::malloc_trim(0);
    const auto before = resident();
    {
        const clients many(loop, where, client_hello_of(tls_plan("a.example")));
        const auto peak = peak_until_closed(loop, descriptors + crowd);
        CAPTURE(peak - before);
        if (memory_counts) {
            CHECK(peak < before + 20 * mib);
        }
    }
    CHECK(open_descriptors() == descriptors);
    CHECK(shown == 1);
    CHECK(shake(tls_plan("a.example")).done);
}
