// What happens to a certificate: told to its machine, and made durable in its record.
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/machine_events.hpp"

namespace evercert::lifecycle {

/// What does not change what is being done: what comes after it is decided when that is through.
void engine_impl::note(entry& who, machine_event happened) {
    lifecycle::take_in(who.awake->machine, std::move(happened), parts_.time.now(), parts_.random);
}

void engine_impl::tell(entry& who, machine_event happened) {
    who.awake->next = resume(who.awake->machine, std::move(happened), parts_.time.now(), parts_.random);
}

teller engine_impl::teller_of(entry_ptr who) {
    return [this, who](machine_event happened) -> awaitable<result<void>> {
        return take_in(who, std::move(happened));
    };
}

/// What was taken from the limits and what the CA has accepted must be durable before anything else is sent:
/// the rest can be told from the files.
awaitable<result<void>> engine_impl::take_in(entry_ptr who, machine_event happened) {
    const auto* begun = std::get_if<order_begun>(&happened);
    const bool keeps = std::holds_alternative<order_accepted>(happened) || (begun != nullptr && begun->spent);
    note(*who, std::move(happened));
    if (keeps) {
        co_return co_await save(who);
    }
    co_return result<void>{};
}

/// The record, and behind it what nobody needs any more.
awaitable<void> engine_impl::save_deployed(entry_ptr who, unrecorded& deployed) {
    storage::job_record& job = who->awake->machine.job;
    if (job.live != who->awake->machine.live) {
        job.live = who->awake->machine.live;
    }
    const unsigned also = *std::exchange(deployed.keeping, std::nullopt);
    result<void> tidied;
    auto write = [this, who, &job, also, &tidied] {
        auto saved = parts_.files.save_job(who->name(), job);
        if (saved) {
            tidied = parts_.files.tidy(who->name(), parts_.keep_versions, also);
        }
        return saved;
    };
    const auto saved = co_await parts_.workers.run(std::move(write));
    if (!saved) {
        emit("store.record_failed", severity::error, *who,
             saved.error().within("its record could not be written").text());
    }
    if (!tidied) {
        emit("store.prune_failed", severity::warning, *who, tidied.error().text());
    }
}

awaitable<result<void>> engine_impl::save(entry_ptr who) {
    storage::job_record& job = who->awake->machine.job;
    if (job.live != who->awake->machine.live) {
        job.live = who->awake->machine.live;
    }
    // Nobody but this entry's own coroutine changes the record, and that waits here.
    auto write = [this, who, &job] { return parts_.files.save_job(who->name(), job); };
    auto saved = co_await parts_.workers.run(std::move(write));
    if (!saved) {
        emit("store.record_failed", severity::error, *who,
             saved.error().within("its record could not be written").text());
    }
    co_return saved;
}

} // namespace evercert::lifecycle
