#include "solvers/dns_persist01/standing_watch.hpp"

#include "core/dns/at_once.hpp"
#include "solvers/dns_persist01/standing_trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::solvers {
namespace {

constexpr unsigned workers = 4;          // certificates looked at side by side
constexpr std::size_t names_at_once = 8; // of one certificate
constexpr milliseconds first_look = seconds(5);
constexpr milliseconds apart = milliseconds(50); ///< certificates, when all are new
constexpr milliseconds usual_pace = std::chrono::hours(12);
constexpr milliseconds trouble_pace = std::chrono::hours(1);
constexpr milliseconds say_again = std::chrono::hours(24);
constexpr milliseconds facts_last = std::chrono::minutes(10);
constexpr milliseconds poor_facts_last = std::chrono::minutes(1);

constexpr auto later = [](const auto& a, const auto& b) { return a.first > b.first; };

/// On the list for as long as it lives.
class waiting_timer {
public:
    waiting_timer(std::vector<timer*>& list, std::unique_ptr<timer> mine)
        : list_(list), mine_(std::move(mine)) {
        list_.push_back(mine_.get());
    }
    ~waiting_timer() { std::erase(list_, mine_.get()); }
    waiting_timer(const waiting_timer&) = delete;
    waiting_timer& operator=(const waiting_timer&) = delete;
    timer& operator*() const { return *mine_; }

private:
    std::vector<timer*>& list_;
    std::unique_ptr<timer> mine_;
};

} // namespace

struct standing_watch::trouble {
    standing_trouble what;
    steady_time told;
};

struct standing_watch::entry {
    certificate_ptr what;
    std::unique_ptr<trouble> wrong;
};

struct standing_watch::known_facts {
    std::vector<issuer_facts> facts;
    steady_time until;
};

struct standing_watch::wanted_name {
    std::string base;
    bool wildcard = false;
    dns_client* dns = nullptr;
    result<dns::zone_texts> read = fail(errc::internal, "it was not looked at");
};

standing_watch::standing_watch(watch_parts parts) : parts_(std::move(parts)) {}
standing_watch::~standing_watch() = default;

std::vector<standing_watch::wanted_name> standing_watch::names_of(const managed_certificate& of,
                                                                  bool first_choice) const {
    std::vector<wanted_name> all;
    for (const identifier& name : of.names) {
        if (name.type != identifier::kind::dns) {
            continue;
        }
        dns_client* dns = nullptr;
        for (const std::string& challenge : challenges_for(*of.policy, name)) {
            const auto known = clients_.find(challenge);
            dns = known != clients_.end() ? known->second : nullptr;
            if (dns != nullptr || first_choice) {
                break;
            }
        }
        if (dns == nullptr) {
            continue;
        }
        const auto same = std::ranges::find(all, name.base(), &wanted_name::base);
        wanted_name& one = same != all.end() ? *same : all.emplace_back();
        one.base = name.base();
        one.wildcard = one.wildcard || name.wildcard();
        one.dns = dns;
    }
    return all;
}

void standing_watch::assign(const std::vector<certificate_ptr>& all,
                            std::map<std::string, dns_client*> clients) {
    clients_ = std::move(clients);
    facts_.clear();
    const auto before = std::exchange(entries_, {});
    const auto was_due = std::exchange(heap_, {});
    if (!clients_.empty()) {
        for (const certificate_ptr& each : all) {
            const auto known = before.find(each->name);
            if (names_of(*each, false).empty()) {
                continue;
            }
            if (known != before.end() && *known->second->what == *each) {
                entries_.emplace(known->second->what->name, known->second);
                continue;
            }
            auto fresh = std::make_shared<entry>();
            fresh->what = each;
            entries_.emplace(each->name, std::move(fresh));
        }
    }
    std::map<const entry*, steady_time> times;
    for (const auto& [when, who] : was_due) {
        times.emplace(who.get(), when);
    }
    const milliseconds spread = first_look + apart * entries_.size();
    for (const auto& [name, who] : entries_) {
        if (names_of(*who->what, true).empty()) {
            continue;
        }
        if (const auto known = times.find(who.get()); known != times.end()) {
            heap_.emplace_back(known->second, who);
        } else {
            // One that is being looked at now is looked at once more, soon: its challenge may be another.
            const milliseconds in = first_look + milliseconds(parts_.random.between(0, spread.count()));
            heap_.emplace_back(parts_.time.steady_now() + in, who);
        }
    }
    std::ranges::make_heap(heap_, later);
    wake();
}

void standing_watch::wake() {
    for (timer* each : waiting_) {
        each->cancel();
    }
}

void standing_watch::plan(const entry_ptr& who, milliseconds in) {
    const auto current = entries_.find(who->what->name);
    const bool planned = std::ranges::any_of(heap_, [&](const due& d) { return d.second == who; });
    if (current == entries_.end() || current->second != who || planned) {
        return; // a reload has taken it out, or planned it anew
    }
    const milliseconds jitter(parts_.random.between(0, in.count() / 10));
    heap_.emplace_back(parts_.time.steady_now() + in + jitter, who);
    std::ranges::push_heap(heap_, later);
    wake();
}

standing_watch::entry_ptr standing_watch::take_due() {
    if (heap_.empty() || heap_.front().first > parts_.time.steady_now()) {
        return nullptr;
    }
    std::ranges::pop_heap(heap_, later);
    entry_ptr taken = std::move(heap_.back().second);
    heap_.pop_back();
    return taken;
}

awaitable<void> standing_watch::run() {
    std::vector<awaitable<void>> tasks;
    for (unsigned i = 0; i < workers; ++i) {
        tasks.push_back(work());
    }
    co_await dns::at_once(std::move(tasks));
}

awaitable<void> standing_watch::work() {
    const waiting_timer alarm(waiting_, parts_.time.make_timer());
    for (;;) {
        entry_ptr who = take_due();
        if (who) {
            co_await look_at(std::move(who));
            continue;
        }
        const steady_time next = heap_.empty() ? steady_time::max() : heap_.front().first;
        co_await (*alarm).wait_until(next);
    }
}

awaitable<void> standing_watch::look_at(entry_ptr who) {
    const certificate_ptr what = who->what;
    auto facts = co_await facts_for(what);
    auto names = names_of(*what, true);
    const auto reports = co_await read_all(std::move(names), std::move(facts));
    milliseconds pace = take_in(*who, reports) ? usual_pace : trouble_pace;
    if (who->wrong) {
        const auto until_told = who->wrong->told + say_again - parts_.time.steady_now();
        pace = std::min(pace, std::chrono::ceil<milliseconds>(until_told));
    }
    plan(who, pace);
}

/// Asked once for all certificates of the same issuers.
awaitable<std::vector<issuer_facts>> standing_watch::facts_for(certificate_ptr which) {
    const std::vector<std::string>& issuers = which->policy->issuers;
    const steady_time now = parts_.time.steady_now();
    if (const auto known = facts_.find(issuers); known != facts_.end() && known->second.until > now) {
        co_return known->second.facts;
    }
    auto asked = co_await parts_.facts(which->name);
    known_facts fresh;
    fresh.facts = asked ? std::move(*asked) : std::vector<issuer_facts>();
    const bool poor = !asked || std::ranges::any_of(fresh.facts, [](const issuer_facts& one) {
        return !one.trouble.empty();
    });
    fresh.until = parts_.time.steady_now() + (poor ? poor_facts_last : facts_last);
    std::vector<issuer_facts> facts = fresh.facts;
    std::erase_if(facts_, [&](const auto& old) { return old.second.until <= now; });
    facts_[issuers] = std::move(fresh);
    co_return facts;
}

awaitable<std::vector<standing_report>> standing_watch::read_all(std::vector<wanted_name> names,
                                                                 std::vector<issuer_facts> facts) {
    const auto read = [](wanted_name& one) -> awaitable<void> {
        one.read = co_await read_standing(*one.dns, one.base);
    };
    for (std::size_t from = 0; from < names.size(); from += names_at_once) {
        std::vector<awaitable<void>> tasks;
        for (std::size_t i = from; i < std::min(names.size(), from + names_at_once); ++i) {
            tasks.push_back(read(names[i]));
        }
        co_await dns::at_once(std::move(tasks));
    }
    std::vector<standing_report> reports;
    for (const wanted_name& name : names) {
        for (const issuer_facts& one : facts) {
            reports.push_back(
                make_standing_report(name.base, name.wildcard, one, name.read, parts_.time.now()));
        }
    }
    co_return reports;
}

/// Tells what is new; false if it has to be looked at again soon.
bool standing_watch::take_in(entry& who, const std::vector<standing_report>& reports) {
    const bool seen = !reports.empty() && all_seen(reports);
    auto wrong = find_trouble(reports, parts_.next_renewal(who.what->name), parts_.time.now());
    if (!wrong) {
        if (seen && who.wrong) {
            say(*who.what, "dns.standing_record_good", severity::info,
                "the standing records are all there again", who.wrong->what.record);
            who.wrong.reset();
        }
        return seen;
    }
    const steady_time now = parts_.time.steady_now();
    // What is not seen this time is still as it was.
    const bool known = who.wrong && (who.wrong->what.keys == wrong->keys ||
                                     (!seen && std::ranges::includes(who.wrong->what.keys, wrong->keys)));
    if (known && now - who.wrong->told < say_again) {
        return seen && who.wrong->what.ending;
    }
    say(*who.what, wrong->ending ? "dns.standing_record_ending" : "dns.standing_record_missing", wrong->level,
        wrong->message, wrong->record);
    who.wrong = std::make_unique<trouble>();
    who.wrong->what = std::move(*wrong);
    who.wrong->told = now;
    return seen && who.wrong->what.ending;
}

void standing_watch::say(const managed_certificate& of, std::string_view id, severity level,
                         const std::string& message, const std::string& record) {
    event told{.id = id, .level = level, .certificate = of.name, .message = message, .fields = {}};
    told.fields.emplace_back("record", record);
    parts_.events.emit(told);
}

awaitable<result<std::vector<standing_report>>> standing_watch::look(std::string certificate) {
    const auto known = entries_.find(certificate);
    if (known == entries_.end()) {
        co_return std::vector<standing_report>();
    }
    const certificate_ptr what = known->second->what;
    auto facts = co_await parts_.facts(certificate);
    if (!facts) {
        co_return fail(std::move(facts.error()));
    }
    auto names = names_of(*what, false);
    co_return co_await read_all(std::move(names), std::move(*facts));
}

std::string standing_watch::problem(const std::string& certificate) const {
    const auto known = entries_.find(certificate);
    return known != entries_.end() && known->second->wrong ? known->second->wrong->what.message
                                                           : std::string();
}

} // namespace evercert::solvers
