#include "core/net/socket_server.hpp"

#include "core/net/watchdog.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

namespace evercert::net {

using boost::system::error_code;
using generic_protocol = asio::generic::stream_protocol;

struct socket_server::listener {
    listener(const asio::any_io_executor& executor, listen_socket opened)
        : socket(std::move(opened)), readable(executor, socket.get()) {}

    ~listener() { readable.release(); } // the descriptor is the listen_socket's to close

    listen_socket socket;
    asio::posix::stream_descriptor readable;
};

namespace {

/// As many connections as a listener seldom has: worth a tidying up when all of them have gone.
constexpr std::size_t crowd = 256;
constexpr std::chrono::minutes pause_of_complaints(10);

peer_name name_peer(int descriptor, const generic_protocol::endpoint& from) {
    peer_name out;
    if (from.data()->sa_family == AF_UNIX) {
        ucred who{};
        socklen_t size = sizeof who;
        if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) {
            out.text = fmt::format("unix uid={} gid={} pid={}", who.uid, who.gid, who.pid);
            out.uid = who.uid;
        }
        return out;
    }
    asio::ip::tcp::endpoint where;
    if (from.size() > where.capacity()) {
        return out;
    }
    where.resize(from.size());
    std::memcpy(where.data(), from.data(), from.size());
    auto address = where.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    out.text = address.to_string();
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        out.source.assign(bytes.begin(), bytes.end());
    } else {
        const auto bytes = address.to_v6().to_bytes();
        out.source.assign(bytes.begin(), bytes.begin() + 8);
    }
    return out;
}

} // namespace

socket_server::socket_server(const asio::any_io_executor& executor, event_sink& events,
                             std::string_view exhausted, socket_limits limits, session_maker make)
    : executor_(executor)
    , events_(events)
    , exhausted_(exhausted)
    , limits_(limits)
    , make_(std::move(make))
    , drained_(executor) {
    reserve();
}

socket_server::~socket_server() {
    if (spare_ >= 0) {
        ::close(spare_);
    }
}

result<void> socket_server::listen(listen_address where) {
    auto opened = open(where);
    if (!opened) {
        return fail(std::move(opened.error()));
    }
    if (opened->get() >= 0) {
        auto made = std::make_shared<listener>(executor_, std::move(*opened));
        listeners_.push_back(made);
        asio::co_spawn(executor_, accept_loop(shared_from_this(), std::move(made)), asio::detached);
    }
    return {};
}

awaitable<void> socket_server::stop() {
    close_listeners();
    end_sessions([](const session& s) { return s.idle(); });
    while (!sessions_.empty()) {
        error_code ec;
        drained_.expires_at(steady_time::max());
        co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    }
}

void socket_server::shut() {
    close_listeners();
    end_sessions([](const session&) { return true; });
}

std::vector<std::string> socket_server::addresses() const {
    std::vector<std::string> out;
    for (const auto& l : listeners_) {
        out.push_back(l->socket.address);
    }
    return out;
}

/// An empty socket: the address is covered by one that is open already.
result<listen_socket> socket_server::open(const listen_address& where) {
    if (const auto* path = std::get_if<unix_endpoint>(&where)) {
        return open_unix(*path);
    }
    if (const auto* passed = std::get_if<passed_socket>(&where)) {
        return take_passed(*passed);
    }
    const auto& tcp = std::get<endpoint>(where);
    std::vector<const listen_socket*> beside;
    for (const auto& l : listeners_) {
        beside.push_back(&l->socket);
    }
    const auto mode = mode_beside(beside, tcp);
    return mode ? open_tcp(tcp, *mode) : listen_socket();
}

void socket_server::close_listeners() {
    for (const auto& l : listeners_) {
        error_code ignored;
        l->readable.cancel(ignored);
        l->readable.release();
        l->socket = listen_socket();
    }
    listeners_.clear();
}

template <class Which>
void socket_server::end_sessions(Which which) {
    auto copy = sessions_; // a session that ends takes itself off the list
    for (const auto& [number, each] : copy) {
        if (which(*each)) {
            each->abort();
        }
    }
    // Outside the loop Asio posts what cancels a coroutine, with a bare pointer into the session's signal
    // (Boost 1.81): it must be there when that runs.
    asio::post(executor_, [keep = std::move(copy)] {});
}

void socket_server::reserve() {
    spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

awaitable<void> socket_server::accept_loop(std::shared_ptr<socket_server> self,
                                           std::shared_ptr<listener> from) {
    for (;;) {
        error_code ec;
        co_await from->readable.async_wait(asio::posix::descriptor_base::wait_read,
                                           asio::redirect_error(asio::use_awaitable, ec));
        if (ec || from->socket.get() < 0) {
            co_return;
        }
        bool again = true;
        for (int burst = 0; again && burst < 64 && from->socket.get() >= 0; ++burst) {
            again = self->accept_one(from->socket.get());
        }
        if (self->starved_) {
            // Not even the spare descriptor could be had: look again in a while instead of spinning.
            self->starved_ = false;
            asio::steady_timer pause(self->executor_, milliseconds(50));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        }
    }
}

/// False when there is nobody left to accept.
bool socket_server::accept_one(int listening) {
    generic_protocol::endpoint from;
    socklen_t size = static_cast<socklen_t>(from.capacity());
    const int descriptor = ::accept4(listening, from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        from.resize(size);
        admit(descriptor, from);
        return true;
    }
    switch (errno) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case EPERM: // a firewall said no to this one
        return true;
    case EMFILE:
    case ENFILE:
        return turn_away(listening);
    case ENOBUFS:
    case ENOMEM:
        starved_ = true;
        return false;
    default:
        return false;
    }
}

/// With the spare descriptor one waiting connection can be accepted and closed, or it would wake us for
/// ever.
bool socket_server::turn_away(int listening) {
    const steady_time now = std::chrono::steady_clock::now();
    // In a flood connections come and go at the limit: by far not each time that one cannot be taken.
    if (!told_short_ || now - *told_short_ >= pause_of_complaints) {
        told_short_ = now;
        event out;
        out.id = exhausted_;
        out.level = severity::error;
        out.message = "no file descriptors are left: connections are turned away (raise LimitNOFILE=)";
        events_.emit(out);
    }
    if (spare_ < 0) {
        reserve();
    }
    if (spare_ < 0) {
        starved_ = true;
        return false;
    }
    ::close(spare_);
    const int descriptor = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor >= 0) {
        ++counters_.starved;
        ::close(descriptor);
    }
    reserve();
    return descriptor >= 0;
}

void socket_server::admit(int descriptor, const endpoint_type& from) {
    auto peer = name_peer(descriptor, from);
    if (sessions_.size() >= limits_.connections) {
        drop_oldest_idle();
    }
    const bool full = sessions_.size() >= limits_.connections;
    if (full || (!peer.source.empty() && sources_[peer.source] >= limits_.per_source)) {
        ++counters_.crowded;
        ::close(descriptor);
        return;
    }
    generic_protocol::socket taken(executor_);
    error_code ec;
    taken.assign(generic_protocol(from.data()->sa_family, 0), descriptor, ec);
    if (ec) {
        ::close(descriptor);
        return;
    }
    auto source = peer.source;
    if (!source.empty()) {
        ++sources_[source];
    }
    ++counters_.connections;
    const auto made = make_(std::move(taken), std::move(peer));
    const auto number = next_session_++;
    sessions_.emplace(number, made);
    crowded_ = crowded_ || sessions_.size() >= crowd;
    auto done = [self = shared_from_this(), made, number, source = std::move(source)](std::exception_ptr) {
        self->forget(number, source);
    };
    auto bound = asio::bind_cancellation_slot(made->cancel->slot(), std::move(done));
    auto guarded = stop_signal::guard(made->cancel, made->run());
    asio::co_spawn(executor_, std::move(guarded), std::move(bound));
}

/// Room for a newcomer at the cost of the one that has been silent the longest.
void socket_server::drop_oldest_idle() {
    const auto oldest = std::find_if(sessions_.begin(), sessions_.end(),
                                     [](const auto& each) { return each.second->idle(); });
    if (oldest == sessions_.end()) {
        return;
    }
    const auto victim = std::move(oldest->second);
    sessions_.erase(oldest);
    victim->abort();
}

void socket_server::forget(std::uint64_t number, const std::string& source) {
    sessions_.erase(number);
    if (const auto found = sources_.find(source); found != sources_.end() && --found->second == 0) {
        sources_.erase(found);
    }
    if (sessions_.empty()) {
        drained_.cancel();
        if (std::exchange(crowded_, false)) {
            ::malloc_trim(0); // a crowd leaves megabytes, which malloc would keep for the next one
        }
    }
}

} // namespace evercert::net
