// The status page over made-up certificates, in every state that there is.
// usage: gallery CERTIFICATES varied|well     serves on a free port of loopback, which it prints, until its
// standard input ends
#include "daemon/status/listener.hpp"
#include "tests/daemon/status/crowd.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <string>
#include <unistd.h>

namespace {

using namespace evercert;
using namespace evercert::daemon;

std::vector<lifecycle::history_line> made_up_history(const std::string& name, wall_time now) {
    const auto line = [&](const char* id, severity level, std::string message, std::chrono::minutes ago) {
        return lifecycle::history_line{now - ago, name, id, level, std::move(message), {}};
    };
    using std::chrono::minutes;
    return {line("cert.ordering", severity::info, "ordering from letsencrypt: renewal at 2/3 of its lifetime",
                 minutes(191)),
            line("cert.issued", severity::info, "version 7 from letsencrypt, good until 2027-02-20T00:00:00Z",
                 minutes(190)),
            line("deploy.verified", severity::info, "the server was seen serving the new certificate",
                 minutes(189)),
            line("cert.deployed", severity::info, "version 7 is live and served", minutes(189)),
            line("cert.order_failed", severity::error, "the CA could not connect: <b>connection refused</b>",
                 minutes(7))};
}

awaitable<result<std::vector<lifecycle::history_line>>> history_of(std::string name, wall_time now) {
    auto lines = made_up_history(name, now);
    co_return lines;
}

int serve(std::size_t count, bool well) {
    asio::io_context loop{1};
    const auto time = make_system_time(loop.get_executor());
    testing::crowd_engine engine(count, time->now(), well);
    testing::recorded_events events;
    daemon::status::tally counted(events);
    const std::string first = engine.all.empty() ? std::string() : engine.all.front().name;
    daemon::status::status_listener page(
        {.executor = loop.get_executor(),
         .engine = engine,
         .time = *time,
         .counted = counted,
         .daemon =
             [&, began = time->now()] {
                 return daemon::status::daemon_facts{.version = "0.1.0",
                                                     .started = began - std::chrono::hours(75),
                                                     .configured = began - std::chrono::hours(20),
                                                     .configuration_refused = false,
                                                     .listeners = {"[::]:80", "127.0.0.1:9402"}};
             },
         .traffic = [] { return std::vector<daemon::status::listener_traffic>{}; },
         .crl_lists = [] { return std::size_t{3}; },
         .history = [&](std::string name) { return history_of(std::move(name), time->now()); },
         .recent =
             [&] {
                 return first.empty() ? std::vector<lifecycle::history_line>{}
                                      : made_up_history(first, time->now());
             }},
        events);
    config::status_settings wanted;
    wanted.listen = {{"127.0.0.1", 0}};
    page.configure(wanted);
    std::printf("http://%s\n", page.addresses().front().c_str());
    std::fflush(stdout);
    asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
    char scrap = 0;
    input.async_read_some(asio::buffer(&scrap, 1), [&](const auto&, std::size_t) { loop.stop(); });
    loop.run();
    return 0;
}

} // namespace

int main(int count, char** values) {
    if (count != 3) {
        std::fputs("usage: gallery CERTIFICATES varied|well\n", stderr);
        return 2;
    }
    try {
        return serve(std::stoull(values[1]), std::string(values[2]) == "well");
    } catch (const std::exception& e) {
        std::fprintf(stderr, "gallery: %s\n", e.what());
        return 1;
    }
}
