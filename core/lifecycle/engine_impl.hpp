#pragma once
// The engine's inside: what it holds, and the parts of what it does: engine.cpp (what is managed and when it
// is due), engine_asked.cpp (what people ask for), engine_work.cpp (the work on one certificate),
// engine_record.cpp (its machine and its record), engine_line.cpp (places at issuers and their limits),
// engine_watch.cpp (the start, and what the CA says meanwhile), engine_view.cpp (what is seen from outside),
// engine_accounts.cpp (accounts), engine_facts.cpp (what issuers say of themselves), engine_preflight.cpp
// (what would make a proof fail).
#include "core/base/task_group.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/entry.hpp"
#include "core/lifecycle/issuer_session.hpp"
#include "core/lifecycle/ordering.hpp"
#include "core/lifecycle/schedule.hpp"
#include "core/lifecycle/waiting_line.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::lifecycle {

/// errc::not_found, for names that people give.
error no_such_certificate(std::string_view name);
error no_such_issuer(std::string_view name);

class engine_impl final : public engine {
public:
    engine_impl(const asio::any_io_executor& executor, engine_parts parts);

    void assign(assignment what) override;
    awaitable<void> settle() override;
    awaitable<void> stop(milliseconds patience) override;
    [[nodiscard]] std::vector<certificate_status> list(std::string_view after,
                                                       std::size_t most) const override;
    [[nodiscard]] std::map<state, std::size_t> count() const override;
    [[nodiscard]] bool all_well() const override;
    [[nodiscard]] std::optional<certificate_status> show(std::string_view name) const override;
    awaitable<result<certificate_status>> examine(std::string name) override;
    [[nodiscard]] std::vector<planned_step> plan() const override;
    [[nodiscard]] std::vector<issuer_budget> budgets() const override;
    result<void> renew(std::string_view name, bool now) override;
    result<void> deploy(std::string_view name) override;
    awaitable<result<void>> revoke(std::string name, std::optional<int> reason) override;
    awaitable<result<std::vector<issuer_facts>>> facts(std::string certificate) override;
    awaitable<result<diagnosis>> diagnose(std::string certificate) override;
    awaitable<std::vector<account_status>> accounts() override;
    awaitable<result<account_status>> account(std::string issuer) override;
    awaitable<result<account_status>> roll_over_account(std::string issuer) override;
    awaitable<result<account_status>> deactivate_account(std::string issuer) override;

private:
    using entry_ptr = std::shared_ptr<entry>;

    /// A revocation that a person waits for.
    struct errand {
        errand(std::string who, std::unique_ptr<timer> f)
            : certificate(std::move(who)), finished(std::move(f)) {}
        std::string certificate;
        result<void> outcome = fail(errc::cancelled, "evercertd was stopped before the CA had answered");
        bool done = false;
        std::unique_ptr<timer> finished; ///< cancelled when it is done
    };

    // What and when.
    awaitable<void> watch_schedule();
    void plan_anew(milliseconds jumped);
    void start(const entry_ptr& who);
    void rest(const entry_ptr& who);
    void put_on_schedule(const entry_ptr& who);
    void wake_by(wall_time when);
    [[nodiscard]] bool busy() const;
    result<void> ask(std::string_view name, const machine_event& wish);
    [[nodiscard]] entry_ptr find(std::string_view name) const;

    // The work on one certificate.
    awaitable<void> drive(entry_ptr who);
    awaitable<void> work(entry_ptr who);
    /// What is not in the record yet although it has happened.
    struct unrecorded {
        std::optional<unsigned> keeping; ///< to be tidied then, but for this version
    };
    awaitable<void> step(entry_ptr who, unrecorded& deployed);
    awaitable<void> look(entry_ptr who);
    awaitable<void> order(entry_ptr who);
    awaitable<std::optional<machine_event>> look_ahead(entry_ptr who, std::string issuer_name);
    awaitable<std::vector<finding>> examine_names(certificate_ptr wanted, issuer_facts facts,
                                                  bool with_records);
    void tell_findings(const entry& who, const std::vector<finding>& findings);
    awaitable<void> make_live(entry_ptr who, unrecorded& done);
    awaitable<void> revoke_at_issuer(entry_ptr who);
    void finish_errands(const std::string& certificate, const result<void>& outcome);
    void note(entry& who, machine_event happened);
    void tell(entry& who, machine_event happened);
    teller teller_of(entry_ptr who);
    awaitable<result<void>> take_in(entry_ptr who, machine_event happened);
    awaitable<result<void>> save(entry_ptr who);
    awaitable<void> save_deployed(entry_ptr who, unrecorded& deployed);

    // Places and limits.
    std::shared_ptr<issuer_session> session_of(const std::string& name);
    std::shared_ptr<rate_ledger> ledger_of(const issuer& settings);
    bool take_place(const entry_ptr& who, const std::string& issuer);
    void give_back_place(entry& who);
    void admit(const std::string& issuer);
    void admit_due();
    [[nodiscard]] std::optional<wall_time> earliest_admission() const;
    void restore_limits(const storage::job_record& job);
    void note_limits(entry& who, const machine_event& outcome);

    // The start, and watching.
    awaitable<void> sweep();
    awaitable<void> patrol();
    void settle_in(const entry_ptr& who, storage::job_record record);
    void plan_checks(entry& who);
    awaitable<void> check(entry_ptr who);
    bool check_at_once(entry& who);
    awaitable<wall_time> ask_renewal_info(entry_ptr who, resting_leaf leaf, std::string issuer,
                                          std::vector<machine_event>* news);
    awaitable<wall_time> ask_crl(entry_ptr who, resting_leaf leaf, unsigned version,
                                 std::vector<machine_event>* news);
    [[nodiscard]] bool offers_renewal_info(const std::string& issuer) const;
    [[nodiscard]] std::shared_ptr<const crypto::certificate>
    known_issuer_certificate(const resting_leaf& leaf) const;
    awaitable<std::shared_ptr<const crypto::certificate>>
    read_issuer_certificate(entry_ptr who, resting_leaf leaf, unsigned version);
    [[nodiscard]] static bool names_crl(const entry& who);
    [[nodiscard]] static std::vector<resting_leaf> leaves_of(const entry& who, text_pool& pool);
    [[nodiscard]] std::string crl_problem(const entry& who);

    awaitable<void> see_to_contacts(std::string issuer_name);
    awaitable<account_status> recorded_account(std::string issuer_name);
    awaitable<issuer_facts> facts_of(std::string issuer_name);

    void report(const std::string& task, const std::string& what);
    void emit(std::string_view id, severity level, const entry& who, std::string message,
              std::vector<std::pair<std::string, std::string>> fields = {});
    [[nodiscard]] solver_choice solvers_of(certificate_ptr wanted) const;
    void say_issued(const entry& who, const std::string& issuer_name);
    void say_deployed(const entry& who, unsigned version);
    [[nodiscard]] bool reads(severity level) const noexcept { return parts_.events.reads(level); }

    struct known_ledger {
        rate_limits limits;
        std::shared_ptr<rate_ledger> ledger;
    };

    engine_parts parts_;
    std::map<std::string_view, entry_ptr, std::less<>> entries_; ///< keys live in the entries' own settings
    std::map<std::string, solver*> solvers_;
    std::map<std::string, issuer> issuers_;
    std::map<std::string, std::shared_ptr<issuer_session>> sessions_;
    std::map<std::string, known_ledger> ledgers_;
    std::map<std::string, waiting_line> lines_; ///< by issuer
    std::map<std::string, std::shared_ptr<const crypto::certificate>>
        issuer_certificates_; ///< by key identifier
    std::vector<std::shared_ptr<errand>> errands_;
    text_pool pool_;
    std::deque<entry_ptr> unlooked_;
    std::size_t looking_ = 0;
    schedule schedule_;
    task_group tasks_;
    task_group clockwork_;
    std::unique_ptr<timer> alarm_; ///< of the schedule
    steady_time alarm_at_;         ///< when it goes off
    std::unique_ptr<timer> idle_;  ///< of settle()
    bool started_ = false;
    bool swept_ = false;    ///< all records have been read: the limits are known, so orders may be made
    bool settling_ = false; ///< somebody waits for settle(): worth looking over all entries after each run
    bool stopping_ = false;
};

} // namespace evercert::lifecycle
