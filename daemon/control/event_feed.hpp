#pragma once
// What happens, told to those who follow it.
#include "core/base/time.hpp"
#include "core/net/http_server.hpp"
#include "core/ports/event_sink.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon {

struct feed_limits {
    std::size_t readers = 16;
    std::size_t waiting_bytes = 256 * 1024; ///< for each reader; what is beyond is dropped, and counted
    milliseconds heartbeat = seconds(10);
};

/// Hands on what the activity record keeps, from the moment on in which somebody asks. Each event is a line
/// of JSON (`event_to_json`). Besides there are lines of the stream's own: "stream.begun" first,
/// "stream.alive" when nothing has happened for a while (a reader that has gone is found so), and
/// "stream.dropped" in the place of events that a slow reader did not take.
///
/// Loop thread only; what is handed out may outlive it. `time` must outlive both.
class event_feed final : public event_sink {
public:
    explicit event_feed(time_source& time, feed_limits limits = {});
    ~event_feed() override;

    void emit(const event& what) override;
    [[nodiscard]] bool reads(severity level) const noexcept override;

    /// The events of a certificate, or of all if the name is empty. errc::busy: too many follow already.
    result<net::body_source> follow(std::string certificate);
    /// Ends all streams when they have told what is waiting, and those that begin later.
    void close();

private:
    class reader;
    void forget_the_gone();

    time_source& time_;
    feed_limits limits_;
    std::vector<std::weak_ptr<reader>> readers_; ///< held by those who read
    bool closed_ = false;
};

} // namespace evercert::daemon
