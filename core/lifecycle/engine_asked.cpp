// What people ask of one certificate.
#include "core/lifecycle/engine_impl.hpp"

#include <fmt/format.h>

namespace evercert::lifecycle {

result<void> engine_impl::ask(std::string_view name, const machine_event& wish) {
    const entry_ptr who = find(name);
    if (!who) {
        return fail(no_such_certificate(name));
    }
    who->later.push_back(wish);
    if (who->phase == state::queued && !who->running) {
        who->phase = state::waiting; // it gets a new place in the line
    }
    start(who);
    return {};
}

result<void> engine_impl::renew(std::string_view name, bool now) {
    if (const entry_ptr who = find(name); who && now) {
        for (const std::string& issuer : who->wanted->policy->issuers) {
            if (const auto session = sessions_.find(issuer); session != sessions_.end()) {
                session->second->lift_pause();
            }
        }
    }
    return ask(name, renewal_asked{now});
}

result<void> engine_impl::deploy(std::string_view name) {
    if (const entry_ptr who = find(name); who && who->awake && who->awake->machine.looked) {
        const machine_state& machine = who->awake->machine;
        if (!machine.live && !machine.staged) {
            return fail(errc::not_found, "it has no certificate yet that could be deployed");
        }
    }
    return ask(name, deployment_asked{});
}

awaitable<result<void>> engine_impl::revoke(std::string name, std::optional<int> reason) {
    const entry_ptr who = find(name);
    if (!who) {
        co_return fail(no_such_certificate(name));
    }
    const auto shown = status_of(*who, parts_.files);
    if (!who->awake && !who->rest) {
        co_return fail(errc::busy, "its files are being looked at: try again in a moment");
    }
    if (!shown.live) {
        co_return fail(errc::not_found, "it has no live certificate to revoke");
    }
    if (!issuers_.contains(shown.issuer)) {
        co_return fail(errc::not_found,
                       fmt::format("issuer {}, which issued it, is not configured any more", shown.issuer));
    }
    // The work is the engine's, like all other: it goes on, also after a restart, whatever becomes of the one
    // who asked.
    auto answer = std::make_shared<errand>(name, parts_.time.make_timer());
    errands_.push_back(answer);
    if (auto asked = ask(name, revocation_asked{reason}); !asked) {
        co_return asked;
    }
    while (!answer->done) {
        co_await answer->finished->wait_until(steady_time::max());
    }
    co_return answer->outcome;
}

void engine_impl::finish_errands(const std::string& certificate, const result<void>& outcome) {
    std::erase_if(errands_, [&](const std::shared_ptr<errand>& waiting) {
        if (waiting->certificate != certificate) {
            return false;
        }
        waiting->outcome = outcome;
        waiting->done = true;
        waiting->finished->cancel();
        return true;
    });
}

} // namespace evercert::lifecycle
