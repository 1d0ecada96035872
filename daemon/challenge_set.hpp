#pragma once
// The challenges of the configuration as objects that answer them.
#include "config/settings.hpp"
#include "core/base/random.hpp"
#include "core/base/worker_pool.hpp"
#include "core/net/http_server.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/http_client.hpp"
#include "core/ports/process_runner.hpp"
#include "daemon/late_solver.hpp"
#include "daemon/passed_sockets.hpp"
#include "solvers/dns_self/self_solver.hpp"
#include "solvers/listening_solver.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon {

/// All references must outlive the set.
struct challenge_parts {
    asio::any_io_executor executor;
    time_source& time;
    random_source& random;
    event_sink& events;
    worker_pool& workers;
    process_runner& processes;
    http_client& https;
    /// The client that asks these resolvers; none: the system's.
    std::function<dns_client&(const std::vector<endpoint>& resolvers)> dns;
    std::string state_folder; ///< absolute, for what hooks save
};

/// What came to the listener of a challenge.
struct challenge_traffic {
    std::string challenge; ///< its name
    std::string type;      ///< "http-01"
    net::server_counters counters;
};

class challenge_set {
public:
    challenge_set(challenge_parts parts, std::vector<systemd::passed_descriptor> sockets);

    /// Closes what is not wanted as it is any more, so that others can have its port. Orders under way may
    /// still name it, so that it lives on.
    awaitable<void> drop_all_but(std::map<std::string, config::challenge> wanted);
    /// Makes what the certificates use and there is not yet. What cannot be answered yet is an event, and is
    /// tried again by retry(). The solvers by challenge name live as long as the set.
    std::map<std::string, solver*> make(const config::settings& settings);
    /// Tries again to open listeners that could not be opened, and to make what could not be made.
    void retry();
    [[nodiscard]] std::vector<std::string> addresses() const;     ///< of listeners
    [[nodiscard]] std::vector<challenge_traffic> traffic() const; ///< likewise
    awaitable<void> close();                                      ///< all listeners

private:
    struct one {
        config::challenge settings;
        std::unique_ptr<solver> answers;
        // The same, if it listens, is our own name server, or may have to be made later.
        solvers::listening_solver* listener = nullptr;
        solvers::self_solver* name_server = nullptr;
        late_solver* late = nullptr;
        std::string trouble; ///< last reason why it cannot be answered, so that it is said once
    };

    void share_out_sockets(const config::settings& settings, const std::set<std::string>& used);
    one make_challenge(const config::challenge& settings);
    static solvers::dns01_settings proof_of(const config::dns_challenge& settings);
    result<std::unique_ptr<solver>> make_dns_solver(const config::dns_challenge& settings);
    result<std::unique_ptr<solvers::self_solver>> make_name_server(const std::string& challenge_name,
                                                                   const config::dns_challenge& settings);
    std::unique_ptr<solver> make_dns_persist_solver(const config::dns_persist_challenge& settings);
    /// Our own name servers learn which names they are to know.
    void tell_names(const config::settings& settings);
    void make_ready(one& what);

    challenge_parts parts_;
    std::map<std::string, one> all_;
    std::vector<std::unique_ptr<solver>> retired_;
    passed_sockets sockets_; ///< from systemd
    std::vector<std::string> told_idle_;
};

} // namespace evercert::daemon
