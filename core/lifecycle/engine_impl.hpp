#pragma once
// The engine's inside: what it holds, and the two halves of what it does (engine.cpp: what, when and who
// asks; engine_work.cpp: the work on one certificate).
#include "core/base/task_group.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/entry.hpp"
#include "core/lifecycle/issuer_session.hpp"
#include "core/lifecycle/ordering.hpp"
#include "core/lifecycle/schedule.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace evercert::lifecycle {

class engine_impl final : public engine {
public:
    engine_impl(const asio::any_io_executor& executor, engine_parts parts);

    void assign(assignment what) override;
    awaitable<void> settle() override;
    awaitable<void> stop(milliseconds patience) override;
    [[nodiscard]] std::vector<certificate_status> list() const override;
    [[nodiscard]] std::optional<certificate_status> show(std::string_view name) const override;
    result<void> renew(std::string_view name, bool now) override;
    result<void> deploy(std::string_view name) override;
    awaitable<result<void>> revoke(std::string name, std::optional<int> reason) override;

private:
    using entry_ptr = std::shared_ptr<entry>;

    /// Something a person waits for.
    struct errand {
        explicit errand(std::unique_ptr<timer> f) : finished(std::move(f)) {}
        result<void> outcome = fail(errc::cancelled, "evercertd was stopped before the CA had answered");
        bool done = false;
        std::unique_ptr<timer> finished; ///< cancelled when it is done
    };

    awaitable<void> watch_schedule();
    void start(const entry_ptr& who);
    awaitable<void> drive(entry_ptr who);
    awaitable<void> step(entry_ptr who);
    awaitable<void> look(entry_ptr who);
    awaitable<void> order(entry_ptr who, std::shared_ptr<issuer_session> session);
    awaitable<void> make_live(entry_ptr who);
    awaitable<void> revoke_live(entry_ptr who, std::shared_ptr<issuer_session> session,
                                std::optional<int> reason, std::shared_ptr<errand> answer);
    void rest(const entry_ptr& who);

    void tell(entry& who, const machine_event& happened);
    teller teller_of(entry_ptr who);
    awaitable<result<void>> take_in(entry_ptr who, machine_event happened);
    awaitable<result<void>> save(entry_ptr who);
    result<void> ask(std::string_view name, const machine_event& wish);

    std::shared_ptr<issuer_session> session_of(const std::string& name);
    void admit_queued(const std::string& issuer);
    [[nodiscard]] bool busy() const;
    void report(const std::string& task, const std::string& what);
    void emit(std::string_view id, severity level, const entry& who, std::string message,
              std::vector<std::pair<std::string, std::string>> fields = {});

    engine_parts parts_;
    std::map<std::string, entry_ptr, std::less<>> entries_;
    std::map<std::string, solver*> solvers_;
    std::map<std::string, issuer> issuers_;
    std::map<std::string, std::shared_ptr<issuer_session>> sessions_;
    std::map<std::string, std::deque<entry_ptr>> queues_; ///< by issuer: due, waiting for a place
    std::deque<entry_ptr> unlooked_;
    std::size_t looking_ = 0;
    schedule schedule_;
    task_group tasks_;
    task_group clockwork_;
    std::unique_ptr<timer> alarm_; ///< of the schedule
    std::unique_ptr<timer> idle_;  ///< of settle()
    bool started_ = false;
    bool settling_ = false; ///< somebody waits for settle(): worth looking over all entries after each run
    bool stopping_ = false;
};

} // namespace evercert::lifecycle
