#pragma once
// One simulated year: the daemon's engine, the CAs, the disk, the servers, and what goes wrong with them.
#include "core/lifecycle/engine.hpp"
#include "tests/simulation/ca_client.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/measures.hpp"
#include "tests/simulation/plan.hpp"
#include "tests/support/memory_store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::simulation {

/// Chance for each part of the world, so that one more draw in one of them does not change the others.
struct chances {
    explicit chances(std::uint64_t seed);
    std::unique_ptr<random_source> plan;
    std::unique_ptr<random_source> engine;
    std::unique_ptr<random_source> ca;
    std::unique_ptr<random_source> line;
    std::unique_ptr<random_source> disk;
};

/// Takes every certificate, unless told to refuse.
class sim_servers final : public deployer {
public:
    explicit sim_servers(time_source& time) : time_(time) {}
    awaitable<result<void>> deploy(deployment_task task) override;

    bool refusing = false;
    std::uint64_t deployed = 0;
    std::uint64_t refused = 0;

private:
    time_source& time_;
};

class world {
public:
    explicit world(options of);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    /// The whole year, or until all are onboarded.
    void run();

    [[nodiscard]] const options& settings() const noexcept { return options_; }
    [[nodiscard]] const fault_plan& plan() const noexcept { return plan_; }
    [[nodiscard]] const population& who() const noexcept { return who_; }
    [[nodiscard]] wall_time start() const noexcept { return start_; }
    [[nodiscard]] wall_time end() const noexcept { return end_; }
    [[nodiscard]] const sim_ca& first_ca() const noexcept { return first_; }
    [[nodiscard]] const sim_ca& second_ca() const noexcept { return second_; }
    [[nodiscard]] const disk& files() const noexcept { return disk_; }
    [[nodiscard]] const live_watch& lives() const noexcept { return lives_; }
    [[nodiscard]] const counting_events& events() const noexcept { return events_; }
    [[nodiscard]] const sim_servers& servers() const noexcept { return servers_; }
    [[nodiscard]] const bad_line& line() const noexcept { return line_; }
    [[nodiscard]] const std::vector<wall_time>& deaths() const noexcept { return deaths_; }

private:
    void populate();
    void arrange();
    void arrange_span(const span& when, std::function<void(bool)> turn);
    void revoke_a_tenth();
    void note_overdue();
    void crash();

    void start_daemon();
    void stop_daemon(milliseconds patience);
    void restart();
    void bury();
    void run_until(wall_time when);
    lifecycle::crl_answer check_crl(const lifecycle::watched_leaf& leaf);

    options options_;
    wall_time start_;
    wall_time end_;
    chances chances_;
    event_loop loop_;
    sim_time time_;
    population who_;
    fault_plan plan_;
    sim_ca first_;
    sim_ca second_;
    bad_line line_;
    live_watch lives_;
    disk disk_;
    sim_servers servers_;
    counting_events events_;
    testing::memory_store accounts_;
    storage::repository account_files_;
    worker_pool workers_{0, worker_pool::inline_work::at_once};
    std::shared_ptr<const crypto::certificate> above_;
    std::optional<crypto::key> any_key_;
    lifecycle::assignment assignment_;

    std::shared_ptr<power> machine_;
    std::unique_ptr<sim_vault> vault_;
    std::unique_ptr<lifecycle::engine> engine_;
    bool stopping_ = false;
    std::vector<wall_time> deaths_;
};

} // namespace evercert::simulation
