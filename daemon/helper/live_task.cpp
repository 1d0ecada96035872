#include "daemon/helper/live_task.hpp"

#include "daemon/outputs/held_store.hpp"
#include "daemon/outputs/live_set.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

result<storage::stored_version> read(const managed_certificate& wanted, const std::string& data_dir,
                                     wall_time now) {
    const auto files = open_held_store(data_dir);
    return files ? read_live_set(**files, wanted, now) : result<storage::stored_version>(fail(files.error()));
}

result<deployment_task> look(const managed_certificate& wanted, const std::string& data_dir, wall_time now) {
    const auto files = open_held_store(data_dir);
    if (!files) {
        return fail(files.error());
    }
    const auto live = read_live_set(**files, wanted, now);
    if (!live) {
        return fail(live.error());
    }
    deployment_task task;
    task.certificate = wanted.name;
    task.names = wanted.names;
    task.outputs = wanted.policy->outputs;
    task.deployments = wanted.policy->deploy;
    task.live_directory = storage::repository(**files).live_directory(wanted.name);
    for (const storage::leaf_facts& leaf : storage::facts_of(*live).leaves) {
        task.fingerprints.push_back(leaf.fingerprint);
    }
    return task;
}

} // namespace

live_reader live_tasks::reader(const deployment_task& task) {
    const auto settings = settings_.current();
    if (!settings) {
        return [why = settings.error()]() -> result<storage::stored_version> { return fail(why); };
    }
    const certificate_ptr wanted = settings_.find(task.certificate);
    if (!wanted) {
        return [why = task.certificate +
                      " is not in the configuration any more"]() -> result<storage::stored_version> {
            return fail(errc::not_found, why);
        };
    }
    return [wanted, data_dir = (*settings)->data_dir, now = time_.now()] {
        return read(*wanted, data_dir, now);
    };
}

awaitable<result<deployment_task>> live_tasks::make(std::string certificate) {
    const auto settings = settings_.current();
    if (!settings) {
        co_return fail(settings.error());
    }
    const certificate_ptr wanted = settings_.find(certificate);
    if (!wanted) {
        co_return fail(errc::not_found,
                       fmt::format("there is no certificate {} in {}", certificate, settings_.path()));
    }
    auto work = [wanted, data_dir = (*settings)->data_dir, now = time_.now()] {
        return look(*wanted, data_dir, now);
    };
    auto looking = workers_.run(std::move(work));
    auto task = co_await std::move(looking);
    if (!task) {
        co_return fail(task.error().within(fmt::format("the live set of {}", certificate)));
    }
    co_return std::move(*task);
}

} // namespace evercert::daemon
