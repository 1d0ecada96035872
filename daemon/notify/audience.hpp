#pragma once
// One entry of `notify`: what it has been told, what it is to be looked at for, and the messages on their
// way. State and arithmetic; who waits and sends is the notifier.
#include "core/lifecycle/token_bucket.hpp"
#include "daemon/notify/channel.hpp"
#include "daemon/notify/conditions.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace evercert::daemon {

/// What has happened to a certificate since it was last looked at.
struct happening {
    bool good = false; ///< something went well
    bool renewed = false;
    bool revoked = false;
    bool again = false; ///< what it was told may have reached nobody
    std::string words;  ///< of the event, for revoked
};

/// What an event means here.
enum class sort_of_event { none, trouble, issued, deployed, revoked, removed };
sort_of_event sort_of(std::string_view event_id) noexcept;

/// What the record keeps of an audience over restarts.
struct audience_record {
    std::string name;
    std::map<std::string, told_state, std::less<>> told; ///< by certificate, never blank
    std::deque<message> queue;
    bool unheard = false; ///< a message that told of trouble was given up

    friend bool operator==(const audience_record&, const audience_record&) = default;
};

class audience {
public:
    /// So many wait for delivery; while there is no room, what happens waits to be put into the next.
    static constexpr std::size_t most_queued = 4;

    audience(config::notification rule, std::shared_ptr<channel> way);

    /// Another rule of the same name; what was told, what waits and the limit's state stay.
    void configure(config::notification rule, std::shared_ptr<channel> way);
    [[nodiscard]] const config::notification& rule() const noexcept { return *rule_; }
    [[nodiscard]] std::shared_ptr<const config::notification> shared_rule() const noexcept { return rule_; }
    [[nodiscard]] const std::shared_ptr<channel>& way() const noexcept { return way_; }

    // ---- what is to be looked at

    /// True if that makes anything due earlier than before.
    bool hear(sort_of_event what, const event& told, steady_time now, wall_time wall);
    /// It is to be looked at, as far as is known for nothing but a change of state.
    bool note(const std::string& certificate, happening what, steady_time now, wall_time wall);
    /// When what waits is to be looked at; none: nothing waits, or there is no room for a message.
    [[nodiscard]] std::optional<steady_time> due() const;
    /// Takes a place of the limit; if there is none, puts off what is due until there is and says false.
    bool take_place(steady_time now, wall_time wall);
    /// A place that was taken for nothing.
    void give_back_place();
    std::map<std::string, happening> take_pending();
    /// Since when what is due has been put off.
    [[nodiscard]] std::optional<wall_time> held_since() const noexcept { return held_since_; }
    /// After a message: nothing is held any more.
    void let_go() noexcept { held_since_.reset(); }

    // ---- what was told

    [[nodiscard]] told_state told(const std::string& certificate) const;
    /// True if that changes anything.
    bool remember(const std::string& certificate, const told_state& state);
    [[nodiscard]] audience_record record() const;
    void restore(audience_record from);
    /// Forgets who lies behind `after`, up to `last` (all, if that is empty), and is not one of `there`,
    /// which are sorted by name. True if that changes anything.
    bool forget_others(std::string_view after, std::string_view last,
                       const std::vector<lifecycle::certificate_status>& there);
    /// Certificates with trouble that was told.
    [[nodiscard]] std::size_t troubled() const;

    /// Trouble that was told may have reached nobody: from that moment on the next slow look tells it again.
    void tell_again(steady_time from) noexcept { again_from_ = from; }
    /// A slow look at all begins.
    void begin_round(steady_time now) noexcept;
    [[nodiscard]] bool tells_again() const noexcept { return again_; }

    // ---- the notifier's

    std::deque<message> queue; ///< the first is being delivered
    bool delivering = false;
    bool gone = false; ///< not configured any more
    std::unique_ptr<timer> pause;
    // For people.
    std::optional<wall_time> delivered; ///< when last
    std::string problem;                ///< of the last try, empty if it went well

private:
    void put_off(steady_time until, wall_time wall);

    std::shared_ptr<const config::notification> rule_;
    std::shared_ptr<channel> way_;
    lifecycle::token_bucket bucket_;
    lifecycle::bucket_time full_at_{};     ///< by the steady clock
    lifecycle::bucket_time full_before_{}; ///< the last place was taken
    std::map<std::string, told_state, std::less<>> told_;
    std::set<std::string, std::less<>> issued_; ///< and not deployed yet
    std::map<std::string, happening> pending_;
    std::optional<steady_time> due_;
    std::optional<wall_time> pending_since_;
    std::optional<wall_time> held_since_;
    std::optional<steady_time> again_from_;
    bool again_ = false; ///< in this round
};

/// {"format": 1, ...}
std::string to_json(const std::vector<audience_record>& all);
/// errc::corrupted for what is no such record, errc::unsupported for a newer format.
result<std::vector<audience_record>> audiences_from_json(std::string_view text);
inline constexpr std::size_t longest_record = std::size_t{64} * 1024 * 1024;

} // namespace evercert::daemon
