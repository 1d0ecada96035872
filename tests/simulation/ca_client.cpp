#include "tests/simulation/ca_client.hpp"

#include <algorithm>
#include <charconv>

namespace evercert::simulation {
namespace {

using acme::failure;
using acme::outcome;
using acme::step;
using std::chrono::hours;

constexpr std::string_view order_url_start = "https://ca/o/";

std::optional<unsigned> order_of(std::string_view url) {
    unsigned order = 0;
    if (!url.starts_with(order_url_start)) {
        return std::nullopt;
    }
    url.remove_prefix(order_url_start.size());
    const auto [end, ec] = std::from_chars(url.data(), url.data() + url.size(), order);
    return ec == std::errc() ? std::optional(order) : std::nullopt;
}

failure no_order(int status) {
    failure why(step::order, error(errc::refused, "the CA knows no such order"));
    why.http_status = status;
    why.order_gone = true;
    return why;
}

failure not_simulated(std::string_view what) {
    return {step::account, error(errc::unsupported, std::string(what) + " is not simulated")};
}

} // namespace

std::string order_url(unsigned order) {
    return std::string(order_url_start) + std::to_string(order);
}

ca_client::ca_client(const issuer& settings, line_parts parts)
    : parts_(std::move(parts))
    , order_gate_(parts_.time)
    , requests_at_once_(settings.limits.requests.capacity) {
    if (settings.limits.requests.limited()) {
        between_requests_ = steady_time::duration(settings.limits.requests.period) / requests_at_once_;
    }
}

steady_time ca_client::take_turn(unsigned requests) {
    const steady_time now = parts_.time.steady_now();
    requests_full_at_ = std::max(requests_full_at_, now) + between_requests_ * requests;
    return std::max(now, requests_full_at_ - between_requests_ * requests_at_once_);
}

bool ca_client::lost() {
    constexpr std::int64_t million = 1'000'000;
    const double share = parts_.line.lost_answers;
    return share > 0 && static_cast<double>(parts_.random.between(0, million - 1)) < share * million;
}

milliseconds ca_client::latency() {
    return milliseconds(parts_.random.between(40, 200));
}

/// A timer for one wait; they are used again.
class ca_client::kept_bell {
public:
    explicit kept_bell(ca_client& owner) : owner_(owner) {
        if (owner.bells_.empty()) {
            bell_ = owner.parts_.time.make_timer();
        } else {
            bell_ = std::move(owner.bells_.back());
            owner.bells_.pop_back();
        }
    }
    ~kept_bell() { owner_.bells_.push_back(std::move(bell_)); }
    kept_bell(const kept_bell&) = delete;
    kept_bell& operator=(const kept_bell&) = delete;
    timer* operator->() const noexcept { return bell_.get(); }

private:
    ca_client& owner_;
    std::unique_ptr<timer> bell_;
};

awaitable<void> ca_client::pause(milliseconds how_long) {
    const kept_bell bell(*this);
    // From a machine that is off nothing comes any more; the coroutine ends with the rest of that life.
    const steady_time until = parts_.machine->on() ? parts_.time.steady_now() + how_long : steady_time::max();
    co_await bell->wait_until(until);
    if (!parts_.machine->on()) {
        co_await bell->wait_until(steady_time::max());
    }
}

awaitable<std::optional<failure>> ca_client::ask(asking what) {
    constexpr unsigned repetitions = 2;
    const kept_bell bell(*this);
    for (unsigned repetition = 0;; ++repetition) {
        const milliseconds answered = latency() * what.count + what.wait;
        const steady_time until =
            parts_.machine->on() ? take_turn(what.count) + answered : steady_time::max();
        co_await bell->wait_until(until);
        if (!parts_.machine->on()) {
            co_await bell->wait_until(steady_time::max());
        }
        std::optional<failure> refused;
        if (!directory_since_ || parts_.time.steady_now() - *directory_since_ >= hours(24)) {
            refused = parts_.ca.admit(endpoint::other, step::directory);
            if (refused) {
                co_return refused;
            }
            directory_since_ = parts_.time.steady_now();
        }
        for (unsigned i = 0; i < what.count && !refused; ++i) {
            refused = parts_.ca.admit(what.what, what.where);
        }
        if (!refused && what.repeatable && lost()) {
            refused = failure(what.where, error(errc::timed_out, "no answer"));
        }
        if (!refused || refused->http_status != 0 || !what.repeatable || repetition == repetitions) {
            co_return refused;
        }
        what.wait = milliseconds(500) * (repetition + 1);
    }
}

awaitable<outcome<std::string>> ca_client::open_account(acme::registration) {
    const asking lookup{.where = step::account};
    if (auto refused = co_await ask(lookup)) {
        co_return std::unexpected(std::move(*refused));
    }
    co_return "https://ca/account/" + std::to_string(parts_.account);
}

awaitable<outcome<std::string>> ca_client::find_account(crypto::key) {
    const asking lookup{.where = step::account};
    if (auto refused = co_await ask(lookup)) {
        co_return std::unexpected(std::move(*refused));
    }
    co_return "https://ca/account/" + std::to_string(parts_.account);
}

awaitable<outcome<acme::account_details>> ca_client::read_account() {
    co_return std::unexpected(not_simulated("reading the account"));
}
awaitable<outcome<void>> ca_client::update_contacts(std::vector<std::string>) {
    co_return std::unexpected(not_simulated("changing contacts"));
}
awaitable<outcome<void>> ca_client::deactivate_account() {
    co_return std::unexpected(not_simulated("deactivating the account"));
}
awaitable<outcome<void>> ca_client::change_key(crypto::key) {
    co_return std::unexpected(not_simulated("changing the account's key"));
}

awaitable<outcome<acme::issuer_description>> ca_client::describe() {
    if (!directory_since_) {
        const asking directory{.where = step::directory};
        if (auto refused = co_await ask(directory)) {
            co_return std::unexpected(std::move(*refused));
        }
    }
    acme::issuer_description what;
    what.renewal_info = true;
    what.profiles = {"classic", "tlsserver", "shortlived"};
    co_return what;
}

awaitable<outcome<acme::renewal_info>> ca_client::fetch_renewal_info(std::string certificate_id) {
    const asking info{.what = endpoint::renewal_info, .where = step::renewal_info};
    if (auto refused = co_await ask(info)) {
        co_return std::unexpected(std::move(*refused));
    }
    co_return parts_.ca.renewal_window(certificate_id);
}

awaitable<outcome<void>> ca_client::revoke(std::string certificate_der, std::optional<int>,
                                           std::optional<crypto::key>) {
    const asking revocation{.where = step::revocation};
    if (auto refused = co_await ask(revocation)) {
        co_return std::unexpected(std::move(*refused));
    }
    const auto leaf = chain_text::parse(certificate_der);
    if (!leaf || !parts_.ca.revoke(leaf->serial)) {
        co_return std::unexpected(no_order(404));
    }
    co_return outcome<void>();
}

// ---- issuing

awaitable<outcome<acme::issued>> ca_client::issue(acme::issuance request) {
    std::optional<unsigned> order;
    if (request.order_url.empty()) {
        const auto begun = co_await begin(request);
        if (!begun) {
            co_return std::unexpected(begun.error());
        }
        order = *begun;
    } else {
        order = order_of(request.order_url);
        const asking fetch{.where = step::order};
        if (auto refused = co_await ask(fetch)) {
            co_return std::unexpected(std::move(*refused));
        }
        if (!order || parts_.ca.look(*order) == nullptr) {
            if (order) {
                parts_.ca.note_expired(*order);
            }
            co_return std::unexpected(no_order(404));
        }
    }
    co_return co_await finish(request, *order);
}

awaitable<outcome<unsigned>> ca_client::begin(acme::issuance& request) {
    const unsigned seen = order_failures_;
    const auto turn = co_await order_gate_.enter();
    if (order_failures_ != seen) {
        co_return std::unexpected(*order_failure_); // what the one before was told
    }
    auto made = co_await send_order(request);
    if (!made && !request.replaces.empty() && made.error().said && !made.error().said->is("rateLimited")) {
        request.replaces.clear();
        made = co_await send_order(request);
    }
    if (!made) {
        if (made.error().http_status == 0 || made.error().http_status >= 500) {
            ++order_failures_;
            order_failure_ = made.error();
        }
        co_return made;
    }
    acme::accepted_order accepted(order_url(*made), !request.replaces.empty());
    auto kept = co_await request.on_order(std::move(accepted));
    if (parts_.machine->on()) {
        parts_.ca.note_fate(*made, kept ? order_fate::recorded : order_fate::not_heard);
    }
    if (!kept) {
        co_return std::unexpected(failure(step::new_order, kept.error()));
    }
    co_return made;
}

awaitable<outcome<unsigned>> ca_client::send_order(const acme::issuance& request) {
    const asking creation{
        .what = endpoint::new_order, .where = step::new_order, .repeatable = false, .wait = latency()};
    if (auto refused = co_await ask(creation)) {
        co_return std::unexpected(std::move(*refused));
    }
    auto made = parts_.ca.new_order(parts_.account, request.names, request.profile, request.replaces);
    if (made && parts_.machine->dies_now()) {
        co_await pause(milliseconds(0));
    }
    if (lost()) {
        if (made) {
            ++parts_.line.lost_orders;
            parts_.ca.note_fate(*made, order_fate::not_heard);
        }
        co_await pause(seconds(30));
        co_return std::unexpected(failure(step::new_order, error(errc::timed_out, "no answer")));
    }
    co_return made;
}

awaitable<outcome<acme::issued>> ca_client::finish(const acme::issuance& request, unsigned order) {
    milliseconds wait = seconds(3);
    bool finalized = false;
    std::optional<steady_time> deadline; // of a processing order
    const auto refusal = [&finalized](failure why) {
        why.finalized = finalized;
        return std::unexpected(std::move(why));
    };
    for (;;) {
        const ca_order* seen = parts_.ca.look(order);
        if (seen == nullptr || seen->status == order_status::invalid) {
            co_return std::unexpected(no_order(seen == nullptr ? 404 : 0));
        }
        switch (seen->status) {
        case order_status::invalid:
            break;
        case order_status::pending: {
            // The authorization, its challenge, and the authorization again.
            const asking proofs{.where = step::authorization,
                                .count = 3,
                                .wait = milliseconds(parts_.random.between(1000, 5000))};
            if (auto refused = co_await ask(proofs)) {
                co_return refusal(std::move(*refused));
            }
            if (const auto proven = parts_.ca.validate(order); !proven) {
                co_return std::unexpected(proven.error());
            }
            break;
        }
        case order_status::ready: {
            finalized = true;
            const asking finalization{.where = step::finalize, .repeatable = false};
            if (auto refused = co_await ask(finalization)) {
                co_return refusal(std::move(*refused));
            }
            parts_.ca.finalize(order, from_hex(request.csr));
            if (lost()) {
                co_await pause(seconds(30));
                co_return refusal(failure(step::finalize, error(errc::timed_out, "no answer")));
            }
            break;
        }
        case order_status::processing: {
            finalized = true;
            deadline = deadline.value_or(parts_.time.steady_now() + request.processing_patience);
            if (parts_.time.steady_now() + wait > *deadline) {
                failure why(step::order, error(errc::timed_out, "the CA was not done in time"));
                why.retry_after = wait;
                co_return refusal(std::move(why));
            }
            const asking poll{.where = step::order, .wait = wait};
            wait = std::min<milliseconds>(wait * 2, seconds(60));
            if (auto refused = co_await ask(poll)) {
                co_return refusal(std::move(*refused));
            }
            break;
        }
        case order_status::valid: {
            finalized = true;
            const asking download{.where = step::certificate};
            if (auto refused = co_await ask(download)) {
                co_return refusal(std::move(*refused));
            }
            acme::issued done;
            done.chain_pem = parts_.ca.chain(order);
            done.order_url = order_url(order);
            co_return done;
        }
        }
    }
}

} // namespace evercert::simulation
