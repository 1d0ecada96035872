#pragma once
// evercertd's side: deployments are done by evercert-deploy, and seen by evercertd.
#include "daemon/deploy/deployer.hpp"

#include <map>
#include <memory>
#include <string>

namespace evercert::daemon {

/// The longest time that one task may take at evercert-deploy, when `ahead` others of ours are there already:
/// each deployment's test and reload, behind a run that has begun, and every hook behind all of theirs; and a
/// margin for looking at files and writing outputs. A deployment that is unknown takes no time.
milliseconds longest_exchange(const deployment_task& task, const std::map<std::string, deployment>& known,
                              std::size_t ahead);

/// Asks at the socket for each task, on a connection of its own, passes on what is told, and then lets
/// `looks` (a deployer of deploy_steps::looks) see that servers serve the new leaf. Nothing of the task but
/// its name is told: evercert-deploy has its own configuration. No more than 256 tasks are there at a time,
/// the others wait here.
///
/// `listener` is told of what failed there, as a deployment called evercert-deploy.
/// errc::network if nobody is there: the message names the socket and the mend. References must outlive it.
std::unique_ptr<server_deployer> make_remote_deployer(const asio::any_io_executor& executor,
                                                      event_sink& events, std::string socket,
                                                      std::map<std::string, deployment> deployments,
                                                      std::unique_ptr<server_deployer> looks,
                                                      outcome_listener listener = {});

} // namespace evercert::daemon
