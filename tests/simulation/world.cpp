#include "tests/simulation/world.hpp"

#include "config/builtin.hpp"
#include "tests/support/test_pki.hpp"

#include <boost/asio/co_spawn.hpp>

namespace evercert::simulation {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

constexpr std::string_view lets_encrypt_directory = "https://acme-v02.api.letsencrypt.org/directory";
constexpr milliseconds patience_at_stop = seconds(30);
/// The year ends gently, so that what is under way comes to its end.
constexpr milliseconds patience_at_end = minutes(20);
constexpr unsigned kept_versions = 3;

issuer issuer_called(std::string name, std::string directory) {
    issuer one;
    one.name = std::move(name);
    one.directory = std::move(directory);
    one.agree_to_terms = true;
    if (const auto* known = config::find_public_ca(one.directory)) {
        one.limits = known->limits;
    }
    return one;
}

std::unique_ptr<random_source> stream(std::uint64_t seed, std::uint64_t number) {
    return make_seeded_random(seed * 0x9E3779B97F4A7C15ULL + number * 0xD1B54A32D192ED03ULL);
}

} // namespace

chances::chances(std::uint64_t seed)
    : plan(stream(seed, 1))
    , engine(stream(seed, 2))
    , ca(stream(seed, 3))
    , line(stream(seed, 4))
    , disk(stream(seed, 5)) {}

awaitable<result<void>> sim_servers::deploy(deployment_task) {
    co_await sleep_for(time_, milliseconds(300));
    if (refusing) {
        ++refused;
        co_return fail(errc::refused, "the server does not take its configuration");
    }
    ++deployed;
    co_return result<void>();
}

world::world(options of)
    : options_(std::move(of))
    , start_(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21))
    , end_(start_ + days(options_.days))
    , chances_(options_.seed)
    , time_(loop_, start_)
    , who_(options_)
    , plan_(make_plan(options_, start_, *chances_.plan))
    , first_(0, true, who_, time_, *chances_.ca)
    , second_(1, false, who_, time_, *chances_.ca)
    , lives_(who_)
    , disk_(who_, {&first_, &second_}, *chances_.disk,
            [this](unsigned certificate, const disk_version* before, const disk_version& now) {
                lives_.note(certificate, before, now, time_.true_now());
            })
    , servers_(time_)
    , events_(time_, options_.trace, options_.show_events)
    , account_files_(accounts_) {
    who_.break_names(options_, start_, *chances_.plan);
    const testing::test_ca pki;
    above_ = std::make_shared<const crypto::certificate>(pki.issuing().own());
    any_key_ = pki.issuing().key();

    assignment_.certificates = who_.certificates;
    auto& issuers = assignment_.issuers;
    issuers["le"] = issuer_called("le", std::string(lets_encrypt_directory));
    issuers["le-ari"] = issuer_called("le-ari", std::string(lets_encrypt_directory));
    issuers["second"] = issuer_called("second", "https://second.example/directory");
    issuers["le"].renewal_info = false;
    issuers["second"].renewal_info = false;
    line_.lost_answers = options_.faults.contains(fault::losses) ? 0.001 : 0;
    if (!options_.onboarding) {
        populate();
    }
    arrange();
}

world::~world() {
    if (engine_) {
        machine_->cut();
        loop_.run_inside([this] { stop_daemon(milliseconds(0)); });
    }
}

/// An installation that has lived: all ages occur.
void world::populate() {
    for (unsigned i = 0; i < who_.certificates.size(); ++i) {
        const issuance_policy& policy = *who_.certificates[i]->policy;
        const milliseconds lifetime = lifetime_of(who_.profile_of(i));
        const milliseconds renewed_after = lifetime < days(10) ? lifetime / 2 : lifetime / 3 * 2;
        const wall_time since = start_ - milliseconds(chances_.plan->between(0, renewed_after.count()));
        for (const key_type key : policy.keys) {
            const auto leaf = first_.issue_before_the_start(i, who_.profile_of(i), since, disk_.make_key());
            disk_.put_before_the_start(i, policy.issuers.front(), policy.profile, leaf, key);
        }
    }
}

// ---- what goes wrong

void world::arrange_span(const span& when, std::function<void(bool)> turn) {
    time_.at(when.from, [turn] { turn(true); });
    time_.at(when.to, [turn] { turn(false); });
}

void world::arrange() {
    for (const span& when : plan_.outages) {
        arrange_span(when, [this](bool begins) {
            first_.reachable = !begins;
            if (!begins) {
                note_overdue();
            }
        });
    }
    for (const span& when : plan_.storms) {
        arrange_span(when, [this](bool begins) { first_.storming = begins; });
    }
    for (const span& when : plan_.slow_weeks) {
        arrange_span(
            when, [this](bool begins) { first_.processing = begins ? milliseconds(hours(1)) : seconds(2); });
    }
    for (const wrong_clock& wrong : plan_.wrong_clocks) {
        arrange_span(wrong.when, [this, ahead = wrong.ahead](bool begins) {
            time_.set_skew(begins ? ahead : milliseconds(0));
        });
    }
    for (const span& when : plan_.full_disks) {
        arrange_span(when, [this](bool begins) { disk_.full = begins; });
    }
    for (const span& when : plan_.refusing_servers) {
        arrange_span(when, [this](bool begins) { servers_.refusing = begins; });
    }
    for (const wall_time when : plan_.revocations) {
        time_.at(when, [this] { revoke_a_tenth(); });
    }
    for (const wall_time when : plan_.restarts) {
        time_.at(when, [this] { restart(); });
    }
    for (const wall_time when : plan_.crashes) {
        time_.at(when, [this] { crash(); });
    }
}

/// A tenth of all, among those whose CA says so somewhere: in a CRL, or by a window that is over.
void world::revoke_a_tenth() {
    recovery& replacing = lives_.begin_recovery("revoked certificates", time_.true_now());
    std::vector<unsigned> visible;
    for (unsigned i = 0; i < who_.certificates.size(); ++i) {
        const disk_version* live = disk_.shelves()[i].live_version();
        const bool told = live != nullptr && (live->leaves.front().leaf.has_crl || who_.follows_windows(i));
        if (told && live->leaves.front().leaf.ca == first_.number() && who_.broken_of(i) == nullptr) {
            visible.push_back(i);
        }
    }
    const std::size_t wanted = who_.certificates.size() / 10;
    for (std::size_t i = 0; i < std::min(wanted, visible.size()); ++i) {
        const auto other = static_cast<std::size_t>(chances_.plan->between(
            static_cast<std::int64_t>(i), static_cast<std::int64_t>(visible.size()) - 1));
        std::swap(visible[i], visible[other]);
        for (const stored_leaf& one : disk_.shelves()[visible[i]].live_version()->leaves) {
            (void)first_.revoke(one.leaf.serial);
        }
        replacing.add(visible[i]);
    }
}

void world::note_overdue() {
    recovery& catching_up = lives_.begin_recovery("overdue after the outage", time_.true_now());
    for (unsigned i = 0; i < who_.certificates.size(); ++i) {
        const shelf& mine = disk_.shelves()[i];
        const bool planned = mine.job && mine.job->renew_at && *mine.job->renew_at <= time_.true_now();
        const disk_version* live = mine.live_version();
        if (planned && live != nullptr && mine.job->live && mine.job->live->number == live->number &&
            who_.broken_of(i) == nullptr) {
            catching_up.add(i);
        }
    }
}

/// At some step of the work under way, or soon if there is none.
void world::crash() {
    if (!engine_ || stopping_) {
        time_.at(time_.true_now() + minutes(1), [this] { crash(); });
        return;
    }
    machine_->fail_after(static_cast<unsigned>(chances_.plan->between(0, 30)));
    time_.at(time_.true_now() + minutes(30), [machine = machine_] { machine->cut(); });
}

// ---- the daemon

void world::start_daemon() {
    machine_ = std::make_shared<power>();
    ++disk_.life;
    vault_ = std::make_unique<sim_vault>(disk_, machine_, above_, *any_key_);
    auto make_client = [this](const issuer& settings) -> result<std::unique_ptr<acme::client>> {
        const bool first = settings.name != "second";
        const line_parts parts{.ca = first ? first_ : second_,
                               .account = settings.name == "le-ari" ? 1U : 0U,
                               .time = time_,
                               .random = *chances_.line,
                               .machine = machine_,
                               .line = line_};
        return std::make_unique<ca_client>(settings, parts);
    };
    lifecycle::engine_parts parts{
        .repository = account_files_,
        .files = *vault_,
        .deploys = servers_,
        .events = events_,
        .time = time_,
        .random = *chances_.engine,
        .workers = workers_,
        .make_client = std::move(make_client),
        .read_hmac_key = [](const external_account&) { return result<crypto::secret>(); },
        .check_crl = [this](lifecycle::watched_leaf leaf, std::shared_ptr<const crypto::certificate>)
            -> awaitable<lifecycle::crl_answer> { co_return check_crl(leaf); },
        .peek_crl = [this](const lifecycle::watched_leaf& leaf, const crypto::certificate&)
            -> std::optional<lifecycle::crl_answer> { return check_crl(leaf); },
        .keep_versions = kept_versions};
    engine_ = lifecycle::make_engine(loop_.get_executor(), std::move(parts));
    engine_->assign(assignment_);
    loop_.run_ready();
}

void world::stop_daemon(milliseconds patience) {
    stopping_ = true;
    bool done = false;
    asio::co_spawn(loop_.get_executor(), engine_->stop(patience),
                   [&done](const std::exception_ptr&) { done = true; });
    loop_.run_ready_and_services();
    while (!done && time_.step(time_.true_now() + days(1))) {
        loop_.run_ready_and_services();
    }
    engine_.reset();
    vault_.reset();
    stopping_ = false;
}

void world::restart() {
    if (!engine_ || stopping_ || !machine_->on()) {
        return;
    }
    stop_daemon(patience_at_stop);
    time_.at(time_.true_now() + seconds(chances_.plan->between(1, 60)), [this] { start_daemon(); });
}

/// The machine has died: nothing of what the daemon knew is left. It comes back after a while.
void world::bury() {
    deaths_.push_back(time_.true_now());
    stop_daemon(milliseconds(0));
    time_.at(time_.true_now() + seconds(chances_.plan->between(5, 600)), [this] { start_daemon(); });
}

lifecycle::crl_answer world::check_crl(const lifecycle::watched_leaf& leaf) {
    lifecycle::crl_answer answer;
    const sim_ca& ca = leaf.url == crl_url(0) ? first_ : second_;
    if (!ca.reachable) {
        answer.trouble = "cannot be fetched";
        answer.ask_again = time_.now() + minutes(chances_.line->between(10, 720));
        return answer;
    }
    const bool listed = ca.on_crl(leaf.serial);
    answer.verdict = listed ? lifecycle::crl_verdict::revoked : lifecycle::crl_verdict::good;
    answer.revoked_at = time_.true_now();
    answer.ask_again = time_.now() + minutes(chances_.line->between(660, 720));
    answer.young = true;
    return answer;
}

void world::run_until(wall_time when) {
    while (time_.step(when)) {
        loop_.run_ready();
        if (engine_ && !machine_->on()) {
            bury();
        }
        if (options_.onboarding && lives_.first_time_live() == who_.certificates.size()) {
            break;
        }
    }
}

void world::run() {
    loop_.run_inside([this] {
        start_daemon();
        run_until(end_);
        if (!engine_) {
            run_until(end_ + hours(1));
        }
        end_ = time_.true_now();
        if (engine_) {
            stop_daemon(patience_at_end);
        }
    });
    lives_.finish(disk_.shelves(), end_);
}

} // namespace evercert::simulation
