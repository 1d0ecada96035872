#pragma once
// A program run to its end, on a loop of its own.
#include "core/backends/process_runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>

namespace evercert::testing {

inline process_request shell(std::string script) {
    process_request request({"/bin/sh", "-c", std::move(script)});
    request.deadline = seconds(20);
    return request;
}

inline awaitable<void> run_into(process_runner& runner, process_request request,
                                std::optional<result<process_outcome>>& outcome) {
    outcome = co_await runner.run(std::move(request));
}

/// An exception is thrown here.
inline result<process_outcome> try_run(process_request request, backends::process_timing timing = {}) {
    asio::io_context loop(1);
    const auto runner = backends::make_process_runner(loop.get_executor(), timing);
    std::optional<result<process_outcome>> outcome;
    asio::co_spawn(loop, run_into(*runner, std::move(request), outcome), [](const std::exception_ptr& e) {
        if (e) {
            std::rethrow_exception(e);
        }
    });
    loop.run();
    return std::move(outcome).value();
}

} // namespace evercert::testing
