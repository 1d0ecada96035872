#include "solvers/dns01/api_provider.hpp"

#include "core/base/text.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

namespace evercert::solvers {

api_service token_service(std::string name, std::string permission, secret_source token, api_timing timing,
                          std::string_view scheme) {
    api_service made;
    made.name = std::move(name);
    made.permission = std::move(permission);
    made.secret = std::move(token);
    made.timing = timing;
    made.authorize = [scheme = std::string(scheme)](http_request& request, std::string_view secret) {
        request.headers.emplace_back("Authorization", fmt::format("{} {}", scheme, secret));
        return result<void>();
    };
    return made;
}

result<std::string> check_token_settings(std::string_view service, std::string_view endpoint,
                                         const secret_source& token, std::string_view zone) {
    auto checked = check_endpoint(endpoint, false);
    if (!checked) {
        return fail(checked.error().within(service));
    }
    if (token.empty()) {
        return fail(errc::invalid_argument,
                    fmt::format("{}: no file or credential with the token is named", service));
    }
    if (!zone.empty() && !check_name(zone)) {
        return fail(errc::invalid_argument,
                    fmt::format("{}: the zone is no domain name: write it in lower case", service));
    }
    return checked;
}

namespace {

/// A zone that moves to another account is noticed by its refusals; this bounds only our memory.
constexpr auto zone_is_known_for = std::chrono::minutes(10);
constexpr std::size_t most_known = 1024;

} // namespace

api_provider::api_provider(const api_world& world, api_service service)
    : world_(world), service_(std::move(service)), queue_(world.time) {}

result<void> api_provider::check(const txt_task& task) const {
    if (auto name = check_name(task.target); !name) {
        return name;
    }
    return check_value(task.value);
}

awaitable<result<void>> api_provider::add(txt_task task) {
    const std::string what = fmt::format("cannot add the TXT record {} at {}", name_of(task), service_.name);
    auto done = check(task);
    if (!done) {
        co_return fail(done.error().within(fmt::format("cannot add a TXT record at {}", service_.name)));
    }
    api_operation op(world_, service_);
    done = co_await op.begin(queue_, name_of(task));
    if (done) {
        done = co_await put(op, task);
    }
    if (!done) {
        co_return fail(done.error().within(what));
    }
    co_return result<void>();
}

awaitable<result<void>> api_provider::remove(txt_task task) {
    const std::string what =
        fmt::format("cannot remove the TXT record {} at {}", name_of(task), service_.name);
    if (!check(task)) {
        co_return result<void>(); // add refused it too
    }
    api_operation op(world_, service_);
    auto done = co_await op.begin(queue_, name_of(task));
    if (done) {
        done = co_await take(op, task);
    }
    if (!done) {
        co_return fail(done.error().within(what));
    }
    co_return result<void>();
}

awaitable<result<std::optional<api_zone>>> zoned_provider::find_zone(api_operation& op, std::string name) {
    const auto candidates = zone_candidates(name, top_level_);
    for (const auto& candidate : candidates) {
        auto found = co_await look_up(op, candidate);
        if (!found || *found) {
            co_return found;
        }
    }
    co_return std::optional<api_zone>();
}

awaitable<result<std::optional<api_zone>>> zoned_provider::zone_of(api_operation& op, std::string name) {
    const auto at = known_.find(name);
    if (at != known_.end() && at->second.until > world().time.steady_now()) {
        co_return std::optional<api_zone>(at->second.zone);
    }
    result<std::optional<api_zone>> found;
    if (fixed_.empty()) {
        found = co_await find_zone(op, name);
    } else if (lies_in(name, fixed_)) {
        found = co_await look_up(op, fixed_);
    }
    if (found && *found) {
        remember(name, **found);
    }
    co_return found;
}

void zoned_provider::remember(const std::string& name, const api_zone& zone) {
    const auto now = world().time.steady_now();
    if (known_.size() >= most_known) {
        std::erase_if(known_, [now](const auto& each) { return each.second.until <= now; });
    }
    if (known_.size() >= most_known) {
        known_.clear();
    }
    known entry;
    entry.zone = zone;
    entry.until = now + zone_is_known_for;
    known_[name] = std::move(entry);
}

error zoned_provider::no_zone(const std::string& name) const {
    const std::string place = service().secret.place();
    if (!fixed_.empty() && lies_in(name, fixed_)) {
        return error(errc::not_found, fmt::format("the configured zone {} cannot be seen with the {} in {}",
                                                  fixed_, service().secret_is, place));
    }
    if (!fixed_.empty()) {
        return error(
            errc::invalid_argument,
            fmt::format("it does not lie in the configured zone {}; leave `zone` out to have the zone found",
                        fixed_));
    }
    return error(errc::not_found,
                 fmt::format("no zone for it can be seen with the {} in {} (looked for {}): is it the right "
                             "one for the zone? It needs {}",
                             service().secret_is, place, join(zone_candidates(name, top_level_), ", "),
                             service().permission));
}

awaitable<result<void>> zoned_provider::put(api_operation& op, const txt_task& task) {
    auto zone = co_await zone_of(op, task.target);
    if (!zone) {
        co_return fail(std::move(zone.error()));
    }
    if (!*zone) {
        co_return fail(no_zone(task.target));
    }
    auto done = co_await put_in(op, **zone, task);
    if (!done && done.error().code == errc::not_found) {
        known_.erase(task.target); // the zone may have been made anew, with another id
    }
    co_return done;
}

awaitable<result<void>> zoned_provider::take(api_operation& op, const txt_task& task) {
    auto zone = co_await zone_of(op, task.target);
    if (!zone) {
        co_return fail(std::move(zone.error()));
    }
    if (!*zone) {
        co_return result<void>(); // no zone, no record of ours
    }
    auto done = co_await take_from(op, **zone, task);
    if (!done && done.error().code == errc::not_found) {
        known_.erase(task.target);
    }
    co_return done;
}

} // namespace evercert::solvers
