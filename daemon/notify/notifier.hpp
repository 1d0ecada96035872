#pragma once
// Tells people what they have to know: events come in, messages go out.
#include "core/base/async.hpp"
#include "core/base/random.hpp"
#include "core/base/task_group.hpp"
#include "core/base/worker_pool.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/store.hpp"
#include "daemon/notify/audience.hpp"
#include "daemon/notify/view.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// All that is referred to must outlive the notifier.
struct notifier_parts {
    /// As lifecycle::engine has them.
    std::function<std::optional<lifecycle::certificate_status>(std::string_view name)> show;
    std::function<std::vector<lifecycle::certificate_status>(std::string_view after, std::size_t most)> list;
    store& files;
    worker_pool& workers;
    time_source& time;
    random_source& random;
    event_sink& events; ///< notify.delivered, failed, given_up, held, unrecorded; none of them is told itself
    std::string host;   ///< this machine's name: letters, digits, dots, hyphens
    std::function<std::shared_ptr<channel>(const config::notification&)> make_channel;
};

/// Events only say which certificates to look at; what is told is decided from their state once a while has
/// passed (`gather`), so that a thousand failures at once are one message and what has mended itself is none.
/// All certificates are looked at once an hour besides, a page at a time, or sooner when one is going to
/// expire. What was told and what is not delivered yet is kept in notify.json: a restart neither repeats nor
/// forgets. Failing deliveries are tried again for a day, each audience by itself; they disturb nobody.
/// Loop thread only. stop() must have ended before it goes, if start() was called.
class notifier final : public event_sink {
public:
    notifier(asio::any_io_executor executor, notifier_parts parts);
    ~notifier() override;

    void emit(const event& what) override;
    [[nodiscard]] bool reads(severity level) const noexcept override {
        return level >= severity::info && !audiences_.empty();
    }

    /// Who there is from now on; what audiences of the same name were told and wait for stays.
    void configure(const std::vector<config::notification>& rules);
    /// Once, after the certificates are there.
    void start();
    /// Puts together what has happened, tries once to deliver it, for at most `patience`, and saves the rest.
    awaitable<void> stop(milliseconds patience);

    [[nodiscard]] std::vector<audience_view> look() const;
    /// Sends a message to each that says that it is a test, once; resumes when all have ended.
    awaitable<std::vector<test_outcome>> test();

private:
    using audience_ptr = std::shared_ptr<audience>;

    awaitable<void> run();
    awaitable<void> load();
    awaitable<void> save();
    [[nodiscard]] steady_time next_moment() const;
    awaitable<void> flush(audience_ptr who, bool at_the_end);
    awaitable<void> scan(bool whole);
    void look_at(const lifecycle::certificate_status& one);
    void end_round();
    [[nodiscard]] notice describe(const audience& who, config::news what, const std::string& certificate,
                                  const std::string& words) const;
    void deliver_soon(const audience_ptr& who);
    awaitable<void> deliver(audience_ptr who);
    /// True when it is to be tried again after a while.
    bool note_refusal(audience& who, const refusal& why);
    void tell(std::string_view id, severity level, const audience& who, std::string text);
    [[nodiscard]] std::string new_id();

    notifier_parts parts_;
    std::vector<audience_ptr> audiences_;
    std::unique_ptr<timer> alarm_;
    steady_time scan_at_ = steady_time::max();
    std::string scanned_to_;             ///< the round's last certificate; empty between rounds
    std::optional<wall_time> next_late_; ///< seen in this round: when the next is going to expire
    bool scanned_ = false;               ///< a whole round
    bool loaded_ = false;
    bool changed_ = false;    ///< what the record has is old
    bool unrecorded_ = false; ///< the disk refuses it
    steady_time save_at_{};   ///< not before
    bool stopping_ = false;
    task_group tasks_;
};

} // namespace evercert::daemon
