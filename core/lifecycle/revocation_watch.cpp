#include "core/lifecycle/revocation_watch.hpp"

#include "core/acme/retry_after.hpp"
#include "core/base/text.hpp"
#include "core/crypto/digest.hpp"
#include "core/lifecycle/crl_source.hpp"

#include <fmt/format.h>

#include <list>
#include <map>
#include <utility>

namespace evercert::lifecycle {
namespace {

constexpr unsigned fetches_at_once = 2;
constexpr milliseconds fetch_deadline = std::chrono::minutes(2);
constexpr milliseconds forget_after = std::chrono::days(2);
constexpr milliseconds sweep_every = std::chrono::hours(1);
constexpr milliseconds ask_again_anyway = std::chrono::hours(12);

using issuer_handle = std::shared_ptr<const crypto::certificate>;

/// One CRL of one issuer, and who waits for it.
struct watched_list {
    watched_list(std::string u, issuer_handle i) : url(std::move(u)), issuer(std::move(i)) {}

    const std::string url;
    const issuer_handle issuer;
    crl_source source;
    steady_time asked;
    bool fetching = false;
    std::vector<timer*> waiting;
};

/// Waits until the fetch under way has ended, well or not.
awaitable<void> wait_for_fetch(time_source& time, std::shared_ptr<watched_list> at) {
    const auto bell = time.make_timer();
    at->waiting.push_back(bell.get());
    struct leaver {
        std::vector<timer*>& waiting;
        timer* mine;
        ~leaver() { std::erase(waiting, mine); }
    };
    const leaver at_exit{at->waiting, bell.get()};
    co_await bell->wait_until(steady_time::max());
}

/// However a fetch ends, those who wait are told; if it was cancelled, one of them takes over.
class fetch_mark {
public:
    explicit fetch_mark(watched_list& at) : at_(at) { at_.fetching = true; }
    ~fetch_mark() {
        at_.fetching = false;
        for (timer* waiter : std::exchange(at_.waiting, {})) {
            waiter->cancel();
        }
    }
    fetch_mark(const fetch_mark&) = delete;
    fetch_mark& operator=(const fetch_mark&) = delete;

private:
    watched_list& at_;
};

/// How many lists may be fetched at once; the others wait in line.
class fetch_places {
public:
    explicit fetch_places(time_source& time) : time_(time) {}

    class place {
    public:
        explicit place(fetch_places& owner) noexcept : owner_(&owner) {}
        place(place&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        place& operator=(place&&) = delete;
        ~place() {
            if (owner_ != nullptr) {
                owner_->leave();
            }
        }

    private:
        fetch_places* owner_;
    };

    awaitable<place> enter() {
        if (busy_ < fetches_at_once) {
            ++busy_;
            co_return place(*this);
        }
        waiter mine(*this);
        while (!mine.granted) {
            co_await mine.bell->wait_until(steady_time::max());
        }
        mine.granted = false;
        co_return place(*this);
    }

private:
    /// Stands in line; one that is cancelled gives back what it was granted meanwhile.
    struct waiter {
        explicit waiter(fetch_places& o) : owner(o), bell(o.time_.make_timer()) {
            owner.line_.push_back(this);
        }
        ~waiter() {
            if (granted) {
                owner.leave();
            } else {
                owner.line_.remove(this);
            }
        }
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;

        fetch_places& owner;
        std::unique_ptr<timer> bell;
        bool granted = false;
    };

    void leave() noexcept {
        if (line_.empty()) {
            --busy_;
            return;
        }
        waiter* const next = line_.front();
        line_.pop_front();
        next->granted = true;
        next->bell->cancel();
    }

    time_source& time_;
    std::list<waiter*> line_;
    unsigned busy_ = 0;
};

crl_fetch troubled(std::string why) {
    crl_fetch out;
    out.trouble = std::move(why);
    return out;
}

crl_answer unknown(std::string why, wall_time now) {
    crl_answer out;
    out.trouble = std::move(why);
    out.ask_again = now + ask_again_anyway;
    return out;
}

bool is_serial(const std::string& text) {
    return !text.empty() && crypto::unhex(text).has_value();
}

} // namespace

struct revocation_watch::impl {
    impl(http_client& h, time_source& t, random_source& r, worker_pool& w, event_sink& e)
        : http(h), time(t), random(r), workers(w), events(e), places(t) {}

    http_client& http;
    time_source& time;
    random_source& random;
    worker_pool& workers;
    event_sink& events;
    fetch_places places;
    /// By URL. Should two issuers name the same one, each has its own list, or what is signed by the one
    /// would speak for the other.
    std::multimap<std::string, std::shared_ptr<watched_list>> lists;
    steady_time swept = steady_time::min();

    [[nodiscard]] std::shared_ptr<watched_list> find(const std::string& url,
                                                     const crypto::certificate& issuer) const {
        const auto [begin, end] = lists.equal_range(url);
        for (auto at = begin; at != end; ++at) {
            if (at->second->issuer->same_signer(issuer)) {
                return at->second;
            }
        }
        return nullptr;
    }

    std::shared_ptr<watched_list> find_or_make(const std::string& url, const issuer_handle& issuer) {
        auto at = find(url, *issuer);
        if (at == nullptr) {
            at = std::make_shared<watched_list>(url, issuer);
            lists.emplace(url, at);
        }
        at->asked = time.steady_now();
        return at;
    }

    void forget_unasked() {
        const steady_time now = time.steady_now();
        if (swept != steady_time::min() && now < swept + sweep_every) {
            return;
        }
        swept = now;
        std::erase_if(lists, [now](const auto& entry) {
            return !entry.second->fetching && entry.second->asked + forget_after < now;
        });
    }

    awaitable<crl_fetch> read(http_response answer, std::shared_ptr<watched_list> at) {
        crl_fetch out;
        if (answer.status == 304) {
            out.unchanged = true;
            co_return out;
        }
        if (answer.status != 200) {
            out.trouble = fmt::format("the server answered with status {}{}", answer.status,
                                      answer.status / 100 == 3 ? "; redirects are not followed" : "");
            out.at_least =
                acme::parse_retry_after(answer.header("Retry-After"), time.now()).value_or(milliseconds(0));
            co_return out;
        }
        out.etag = answer.header("ETag");
        out.last_modified = answer.header("Last-Modified");
        using parsed_list = std::shared_ptr<const crypto::crl>;
        auto parse = [body = std::move(answer.body), issuer = at->issuer]() -> result<parsed_list> {
            auto list = crypto::crl::parse(body, *issuer);
            if (!list) {
                return fail(std::move(list.error()));
            }
            return std::make_shared<const crypto::crl>(std::move(*list));
        };
        auto parsed = co_await workers.run(std::move(parse));
        if (!parsed) {
            co_return troubled(parsed.error().text());
        }
        if (!(*parsed)->covers(at->url)) {
            co_return troubled(
                "the CRL is one for other certificates of its issuer (issuing distribution point)");
        }
        out.list = std::move(*parsed);
        co_return out;
    }

    awaitable<void> fetch(std::shared_ptr<watched_list> at) {
        const fetch_mark under_way(*at);
        const auto place = co_await places.enter();
        http_request request("GET", at->url);
        request.headers = at->source.conditions();
        request.body_limit = crypto::crl::size_limit;
        request.deadline = fetch_deadline;
        request.allow_http = true; // what comes is signed
        auto answer = co_await http.send(std::move(request));
        crl_fetch got;
        if (answer) {
            got = co_await read(std::move(*answer), at);
        } else {
            got = troubled("the CRL cannot be fetched: " + answer.error().text());
        }
        const bool fresh = at->source.take(std::move(got), time.now(), time.steady_now(), random);
        tell(*at, fresh);
    }

    void tell(watched_list& at, bool fresh) {
        const std::string shown = escape(at.url, 200);
        if (const auto trouble = at.source.news(time.now())) {
            event unusable{.id = "crl.unusable",
                           .level = severity::warning,
                           .certificate = {},
                           .message = fmt::format(
                               "the revocation list {} is of no use: {}. Until it is, a revocation that it "
                               "tells of goes unnoticed",
                               shown, *trouble),
                           .fields = {{"url", at.url}, {"trouble", *trouble}}};
            events.emit(unusable);
        }
        const bool mended = at.source.mended();
        if (!fresh && !mended) {
            return;
        }
        const crypto::crl& list = *at.source.list();
        event fetched{.id = "crl.fetched",
                      .level = mended ? severity::info : severity::debug,
                      .certificate = {},
                      .message =
                          fmt::format("the revocation list {} is at hand, {} entries", shown, list.size()),
                      .fields = {{"url", at.url},
                                 {"number", list.number()},
                                 {"this_update", format_time(list.this_update())}}};
        events.emit(fetched);
    }
};

revocation_watch::revocation_watch(http_client& http, time_source& time, random_source& random,
                                   worker_pool& workers, event_sink& events)
    : impl_(std::make_unique<impl>(http, time, random, workers, events)) {}

revocation_watch::~revocation_watch() = default;

awaitable<crl_answer> revocation_watch::check(watched_leaf leaf, issuer_handle issuer) {
    if (issuer == nullptr) {
        co_return unknown("the certificate of the issuer is not at hand", impl_->time.now());
    }
    if (!is_serial(leaf.serial)) {
        co_return unknown("the serial number is malformed", impl_->time.now());
    }
    impl_->forget_unasked();
    const auto at = impl_->find_or_make(leaf.url, issuer);
    while (at->source.due(impl_->time.steady_now())) {
        if (at->fetching) {
            co_await wait_for_fetch(impl_->time, at);
        } else {
            co_await impl_->fetch(at);
        }
    }
    co_return at->source.answer(leaf.serial, impl_->time.now(), impl_->time.steady_now(), impl_->random);
}

std::optional<crl_answer> revocation_watch::cached(const watched_leaf& leaf,
                                                   const crypto::certificate& issuer) const {
    const auto at = impl_->find(leaf.url, issuer);
    if (at == nullptr || !at->source.tried() || !is_serial(leaf.serial)) {
        return std::nullopt;
    }
    return at->source.answer(leaf.serial, impl_->time.now(), impl_->time.steady_now(), impl_->random);
}

std::size_t revocation_watch::lists() const noexcept {
    return impl_->lists.size();
}

} // namespace evercert::lifecycle
