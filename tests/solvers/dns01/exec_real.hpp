#pragma once
// Providers that run real programs, on a real clock.
#include "core/backends/process_runner.hpp"
#include "tests/solvers/dns01/exec_fixture.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace evercert::testing {

struct real_hooks {
    real_hooks() {
        backends::process_timing quick;
        quick.grace = milliseconds(100);
        quick.drain = milliseconds(100);
        runner = backends::make_process_runner(loop.get_executor(), quick);
    }

    void make(solvers::exec_settings settings) {
        REQUIRE(solvers::check(settings).has_value());
        settings.gather = milliseconds(20);
        provider = solvers::make_exec_provider(*runner, *time, workers, std::move(settings));
    }
    /// A program in the folder.
    std::string script(const std::string& name, std::string_view text) {
        const std::string path = folder.write(name, text);
        ::chmod(path.c_str(), 0700);
        return path;
    }
    void wait(const std::vector<call>& calls) {
        loop.restart();
        const auto all_ended = [&] {
            return std::ranges::all_of(calls, [](const call& each) { return each->ended(); });
        };
        for (int i = 0; i < 6000 && !all_ended(); ++i) {
            loop.run_one_for(milliseconds(10));
        }
        REQUIRE(all_ended());
    }
    call add(solvers::txt_task task) { return begin(loop, *provider, true, std::move(task)); }
    call remove(solvers::txt_task task) { return begin(loop, *provider, false, std::move(task)); }
    void succeed(const std::vector<call>& calls) {
        wait(calls);
        for (const auto& each : calls) {
            INFO(each->why().text());
            CHECK(each->ok());
        }
    }
    [[nodiscard]] std::string contents(const std::string& name) const {
        std::ifstream in(folder / name);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }

    temp_folder folder;
    asio::io_context loop;
    std::unique_ptr<time_source> time = make_system_time(loop.get_executor());
    worker_pool workers{1};
    std::unique_ptr<process_runner> runner;
    std::unique_ptr<solvers::dns_provider> provider;
};

} // namespace evercert::testing
