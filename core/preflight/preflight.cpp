#include "core/preflight/preflight.hpp"

#include "core/base/task_group.hpp"
#include "core/net/local_addresses.hpp"
#include "core/net/turnstile.hpp"
#include "core/preflight/address_look.hpp"
#include "core/preflight/caa_look.hpp"
#include "core/preflight/clock_look.hpp"
#include "core/preflight/delegation_look.hpp"
#include "core/preflight/reach_look.hpp"
#include "core/preflight/record_look.hpp"
#include "core/preflight/remembering_dns.hpp"
#include "core/preflight/within.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>
#include <tuple>

namespace evercert {
namespace survey {
namespace {

/// The solvers of a name by what has to be looked at; the first of each challenge.
struct ways {
    std::vector<std::string> methods;
    std::vector<solver*> web;
    std::vector<solver*> dns;
    solver* standing = nullptr;
};

ways ways_of(const inquiry& in, const identifier& name) {
    ways out;
    for (solver* each : in.request.answers(name)) {
        const std::string type(each->challenge_type());
        if (std::find(out.methods.begin(), out.methods.end(), type) != out.methods.end()) {
            continue;
        }
        out.methods.push_back(type);
        if (type == "http-01" || type == "tls-alpn-01") {
            out.web.push_back(each);
        } else if (type == "dns-persist-01") {
            out.standing = each;
        } else {
            out.dns.push_back(each);
        }
    }
    return out;
}

awaitable<void> look_at_web(const inquiry& in, look& out, identifier name, ways by) {
    const auto addresses = co_await look_at_addresses(in, out, name);
    for (solver* each : by.web) {
        if (!addresses.empty()) {
            in.stop_if_over();
            co_await look_at_reach(in, out, name, *each, addresses);
        }
    }
}

awaitable<void> look_at_dns(const inquiry& in, look& out, identifier name, ways by) {
    const std::string target = co_await look_at_delegation(in, out, name);
    for (solver* each : by.dns) {
        if (in.request.with_records && !target.empty()) {
            in.stop_if_over();
            co_await look_at_record(in, out, name, *each, target);
        }
    }
}

/// One look when it is its turn. Its end, however it comes, is noted.
awaitable<void> in_turn(net::turnstile& line, awaitable<void> task, bool& done) {
    const auto place = co_await line.enter();
    co_await std::move(task);
    done = true;
}

class examination {
public:
    examination(const preflight_request& request, const preflight_parts& parts,
                asio::any_io_executor executor, bool with_clock)
        : with_clock_(with_clock)
        , parts_(parts)
        , executor_(std::move(executor))
        , dns_(parts.dns)
        , in_(request, parts, dns_, parts.time.steady_now() + request.patience)
        , line_(executor_, std::max<std::size_t>(1, parts.at_once)) {
        in_.here.addresses = net::local_addresses();
    }

    awaitable<std::vector<finding>> run() {
        task_group work(executor_, [this](const std::string& task, const std::string& what) {
            mistakes_.emplace_back(task, what);
        });
        const auto start = [&] { begin(work); };
        co_await join_within(work, parts_.time, in_.request.patience, start);
        co_return report();
    }

private:
    struct job {
        std::string title; ///< of its task
        look what;
        std::size_t order = 0; ///< 0: all names
        bool done = false;
    };

    job& add(const std::string& check, const std::string& name, std::size_t order) {
        job& made = jobs_.emplace_back();
        made.title = check + " " + name;
        made.what.check = check;
        made.what.name = name;
        made.what.looking_at = name;
        made.order = order;
        return made;
    }

    void spawn(task_group& work, job& with, awaitable<void> task) {
        work.spawn(with.title, in_turn(line_, std::move(task), with.done));
    }

    void begin(task_group& work) {
        if (with_clock_) {
            job& clock = add("clock", "", 0);
            clock.what.looking_at = in_.request.where.directory;
            spawn(work, clock, look_at_clock(in_, clock.what));
        }
        std::size_t order = 0;
        for (const identifier& name : in_.request.names) {
            begin(work, name, ++order);
        }
    }

    void begin(task_group& work, const identifier& name, std::size_t order) {
        const ways by = ways_of(in_, name);
        if (by.methods.empty()) {
            job& none = add("solver", name.value, order);
            none.done = true;
            none.what.say(finding_weight::trouble, name.value, "no configured challenge can prove this name",
                          "give the certificate a `challenge` that can: wildcards need a DNS challenge");
        }
        if (!by.web.empty()) {
            job& web = add("address", name.value, order);
            spawn(work, web, look_at_web(in_, web.what, name, by));
        }
        if (!by.dns.empty()) {
            job& records = add("delegation", name.value, order);
            spawn(work, records, look_at_dns(in_, records.what, name, by));
        }
        if (by.standing != nullptr) {
            job& standing = add("record", name.value, order);
            spawn(work, standing, look_at_standing_record(in_, standing.what, name, *by.standing));
        }
        if (name.type == identifier::kind::dns) {
            job& caa = add("caa", name.value, order);
            spawn(work, caa, look_at_caa(in_, caa.what, name, by.methods));
        }
    }

    std::vector<finding> report() {
        for (job& each : jobs_) {
            if (!each.done) {
                say_unfinished(each.title, each.what);
            }
        }
        // By name, then by weight, then as they were found.
        std::map<std::tuple<std::size_t, int, std::size_t>, finding> sorted;
        for (job& each : jobs_) {
            for (finding& f : each.what.found) {
                const auto place = std::tuple(each.order, -static_cast<int>(f.weight), sorted.size());
                sorted.emplace(place, std::move(f));
            }
        }
        std::vector<finding> out;
        for (auto& [place, f] : sorted) {
            out.push_back(std::move(f));
        }
        return out;
    }

    void say_unfinished(const std::string& title, look& what) const {
        const auto wrong =
            std::find_if(mistakes_.begin(), mistakes_.end(), [&](const auto& m) { return m.first == title; });
        if (wrong != mistakes_.end()) {
            what.say(finding_weight::unsure, what.looking_at, "looking failed: " + wrong->second,
                     "this is a mistake in evercert: please report it");
            return;
        }
        what.say(finding_weight::unsure, what.looking_at,
                 fmt::format("not finished within {}", format_duration(in_.request.patience)),
                 "look again, with more patience; what answers slowly here may be too slow for a CA too");
    }

    bool with_clock_;
    const preflight_parts& parts_;
    asio::any_io_executor executor_;
    remembering_dns dns_;
    inquiry in_;
    net::turnstile line_;
    std::list<job> jobs_;
    std::vector<std::pair<std::string, std::string>> mistakes_; ///< task, what was thrown
};

} // namespace
} // namespace survey

namespace {

class looking_preflight final : public preflight {
public:
    explicit looking_preflight(preflight_parts parts) : parts_(std::move(parts)) {}

    awaitable<std::vector<finding>> examine(preflight_request request) override {
        const auto executor = co_await asio::this_coro::executor;
        const bool with_clock = request.with_records || !agreed_lately(request.where.directory);
        survey::examination looks(request, parts_, executor, with_clock);
        auto found = co_await looks.run();
        for (const finding& each : found) {
            if (each.check == "clock" && each.weight == finding_weight::good) {
                agreed_[request.where.directory] = parts_.time.steady_now();
            }
        }
        co_return found;
    }

private:
    /// A thousand first orders do not ask the CA a thousand times what time it is.
    [[nodiscard]] bool agreed_lately(const std::string& directory) const {
        const auto known = agreed_.find(directory);
        return known != agreed_.end() && parts_.time.steady_now() - known->second < std::chrono::minutes(10);
    }

    preflight_parts parts_;
    std::map<std::string, steady_time> agreed_; ///< by directory: when the clocks were last seen to agree
};

} // namespace

std::unique_ptr<preflight> make_preflight(preflight_parts parts) {
    return std::make_unique<looking_preflight>(std::move(parts));
}

} // namespace evercert
