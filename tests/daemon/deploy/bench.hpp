#pragma once
// A deployer on fake time with a server "nginx" and a hook "app".
#include "tests/daemon/deploy/scripted.hpp"

#include <memory>

namespace evercert::testing {

inline tls_probe_result shows(std::string fingerprint) {
    net::served_certificate served;
    served.fingerprint = std::move(fingerprint);
    return served;
}

inline tls_probe_result refuses(errc code) {
    return fail(code, "scripted refusal");
}

inline deployment nginx() {
    deployment d;
    d.name = "nginx";
    d.test = {"nginx", "-t"};
    d.reload_unit = "nginx.service";
    d.verify = {verify_target({"127.0.0.1", 443})};
    d.timeout = seconds(30);
    return d;
}

inline deployment hook() {
    deployment d;
    d.name = "app";
    d.command = {"/usr/local/bin/on-renew", "x y"};
    d.timeout = seconds(60);
    return d;
}

inline deployment_task task_for(const std::string& certificate, std::vector<std::string> names,
                                std::vector<std::string> deployments) {
    deployment_task task;
    task.certificate = certificate;
    for (std::string& name : names) {
        const bool ip = name.find_first_not_of("0123456789.:") == std::string::npos;
        task.names.push_back(identifier{ip ? identifier::kind::ip : identifier::kind::dns, std::move(name)});
    }
    task.deployments = std::move(deployments);
    task.live_directory = "/var/lib/evercert/live/" + certificate;
    task.fingerprints = {"new"};
    task.predecessors = {"old"};
    return task;
}

/// One task handed in; `outcome` is set when the deployer is done with it.
struct handed_in {
    std::optional<result<void>> outcome;
    asio::cancellation_signal cancel;
};

struct deploy_bench {
    deploy_bench() {
        server.everywhere = [] { return shows("new"); };
        std::map<std::string, deployment> known{{"nginx", nginx()}, {"app", hook()}};
        rebuild(std::move(known));
    }
    ~deploy_bench() {
        asio::co_spawn(loop, deployer->stop(), asio::detached);
        time.run_ready();
    }

    void rebuild(std::map<std::string, deployment> known) {
        auto probe = [this](verify_target where, identifier name, milliseconds) {
            return scripted_server::handshake(&server, to_string(where) + " " + name.value);
        };
        auto update = [this](std::string socket, std::vector<std::shared_ptr<const deployment_task>> tasks,
                             milliseconds) {
            return scripted_runtime::update(&runtime, std::move(socket), tasks.size());
        };
        deployer = daemon::make_deployer(loop.get_executor(), runner, time, events, std::move(known), probe,
                                         {}, daemon::deploy_steps::all, update);
    }
    std::shared_ptr<handed_in> hand_in(deployment_task task) {
        auto slip = std::make_shared<handed_in>();
        auto done = [slip](const std::exception_ptr& failure, result<void> outcome) {
            if (!failure) {
                slip->outcome = std::move(outcome);
            }
        };
        asio::co_spawn(loop, deployer->deploy(std::move(task)),
                       asio::bind_cancellation_slot(slip->cancel.slot(), std::move(done)));
        return slip;
    }
    /// Hands in and lets time pass until there is an outcome.
    result<void> run(deployment_task task) {
        const auto slip = hand_in(std::move(task));
        if (!time.run_until([&] { return slip->outcome.has_value(); }, std::chrono::hours(1))) {
            return fail(errc::internal, "the deployer never finished");
        }
        return *slip->outcome;
    }
    [[nodiscard]] seconds passed(steady_time since) const {
        return std::chrono::duration_cast<seconds>(time.steady_now() - since);
    }

    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    scripted_runner runner{time};
    scripted_server server{time};
    scripted_runtime runtime;
    std::unique_ptr<daemon::server_deployer> deployer;
};

} // namespace evercert::testing
