#pragma once
// An engine with everything around it scripted: a CA that answers by rule, servers that take or refuse, a
// disk in memory (or another), a clock that is moved.
#include "core/lifecycle/engine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/test_pki.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <deque>
#include <functional>
#include <map>

namespace evercert::testing {

/// What the CA does; shared by all clients of one test.
struct scripted_issuing {
    test_ca pki;
    std::chrono::hours lifetime{24 * 90};
    milliseconds takes{1000};                   ///< how long an order takes
    std::deque<acme::failure> failures;         ///< answers to the next issue() calls
    std::deque<acme::failure> account_failures; ///< answers to the next open_account() calls
    mischief what = mischief::none;
    std::map<std::string, acme::renewal_info>
        windows; ///< by renewal id; without one the directory has no ARI
    std::optional<acme::renewal_info> window_of_all;
    std::vector<std::string> replaced;   ///< ids that orders said they replace
    bool drops_replaces = false;         ///< takes such orders only without
    std::vector<std::string> profiles;   ///< that orders asked for
    std::vector<milliseconds> patiences; ///< processing_patience of each issue()
    unsigned windows_asked = 0;
    unsigned accounts_opened = 0;
    unsigned orders_created = 0;
    unsigned orders_resumed = 0;
    unsigned under_way = 0;
    unsigned most_under_way = 0;
    unsigned contacts_updated = 0;
    acme::issuer_description described;          ///< what the directory says, but for renewal_info
    std::deque<acme::failure> describe_failures; ///< answers to the next describe() calls
    std::vector<std::string> revoked;            ///< hex of the first bytes of revoked certificates
    std::map<std::string, std::string> chains;   ///< by order URL: an order that was finalized stays so
};

class scripted_client : public acme::client {
public:
    scripted_client(scripted_issuing& script, time_source& time) : script_(script), time_(time) {}

    void use_account(crypto::key, std::string account_url) override { account_ = std::move(account_url); }
    [[nodiscard]] bool account_lost() const noexcept override { return false; }
    awaitable<acme::outcome<std::string>> open_account(acme::registration) override {
        co_await sleep_for(time_, milliseconds(10));
        if (!script_.account_failures.empty()) {
            acme::failure failure = script_.account_failures.front();
            script_.account_failures.pop_front();
            co_return std::unexpected(failure);
        }
        ++script_.accounts_opened;
        co_return std::string("https://ca.example/account/1");
    }
    awaitable<acme::outcome<acme::issued>> issue(acme::issuance request) override {
        struct counted {
            scripted_issuing& script;
            explicit counted(scripted_issuing& s) : script(s) {
                script.most_under_way = std::max(script.most_under_way, ++script.under_way);
            }
            ~counted() { --script.under_way; }
        } counting(script_);
        script_.patiences.push_back(request.processing_patience);
        std::string url = request.order_url;
        if (url.empty()) {
            url = "https://ca.example/order/" + std::to_string(++script_.orders_created);
            script_.replaced.push_back(request.replaces);
            script_.profiles.push_back(request.profile);
            acme::accepted_order accepted(url, !request.replaces.empty() && !script_.drops_replaces);
            auto kept = co_await request.on_order(std::move(accepted));
            if (!kept) {
                co_return std::unexpected(acme::failure(acme::step::new_order, kept.error()));
            }
        } else {
            ++script_.orders_resumed;
        }
        co_await sleep_for(time_, script_.takes);
        if (!script_.failures.empty()) {
            acme::failure failure = script_.failures.front();
            script_.failures.pop_front();
            co_return std::unexpected(failure);
        }
        std::string& chain = script_.chains[url];
        if (chain.empty()) {
            chain =
                script_.pki.issue_chain_pem(request.csr, request.names, time_.now() - std::chrono::hours(1),
                                            time_.now() + script_.lifetime, script_.what);
        }
        co_return acme::issued{chain, url};
    }
    awaitable<acme::outcome<void>> revoke(std::string der, std::optional<int>,
                                          std::optional<crypto::key>) override {
        co_await sleep_for(time_, milliseconds(10));
        script_.revoked.push_back(der);
        co_return acme::outcome<void>{};
    }

    awaitable<acme::outcome<std::string>> find_account(crypto::key) override {
        co_await sleep_for(time_, milliseconds(10));
        co_return std::string("https://ca.example/account/1");
    }
    awaitable<acme::outcome<acme::account_details>> read_account() override {
        co_await sleep_for(time_, milliseconds(10));
        co_return acme::account_details{account_, "valid", {}, {}};
    }
    awaitable<acme::outcome<void>> update_contacts(std::vector<std::string>) override {
        co_await sleep_for(time_, milliseconds(10));
        ++script_.contacts_updated;
        co_return acme::outcome<void>{};
    }
    awaitable<acme::outcome<void>> deactivate_account() override {
        co_await sleep_for(time_, milliseconds(10));
        co_return acme::outcome<void>{};
    }
    awaitable<acme::outcome<void>> change_key(crypto::key) override {
        co_await sleep_for(time_, milliseconds(10));
        co_return acme::outcome<void>{};
    }
    awaitable<acme::outcome<acme::issuer_description>> describe() override {
        co_await sleep_for(time_, milliseconds(10));
        if (!script_.describe_failures.empty()) {
            acme::failure failure = script_.describe_failures.front();
            script_.describe_failures.pop_front();
            co_return std::unexpected(failure);
        }
        acme::issuer_description described = script_.described;
        described.renewal_info = !script_.windows.empty() || script_.window_of_all;
        co_return described;
    }
    awaitable<acme::outcome<acme::renewal_info>> fetch_renewal_info(std::string id) override {
        co_await sleep_for(time_, milliseconds(10));
        ++script_.windows_asked;
        if (script_.window_of_all) {
            co_return *script_.window_of_all;
        }
        const auto at = script_.windows.find(id);
        if (at != script_.windows.end()) {
            co_return at->second;
        }
        const errc why = script_.windows.empty() ? errc::unsupported : errc::protocol;
        co_return std::unexpected(
            acme::failure(acme::step::renewal_info, error(why, "no renewal information")));
    }

private:
    scripted_issuing& script_;
    time_source& time_;
    std::string account_;
};

/// Servers: takes every deployment unless told otherwise.
class scripted_deployer : public deployer {
public:
    explicit scripted_deployer(time_source& time) : time_(time) {}
    awaitable<result<void>> deploy(deployment_task task) override {
        co_await sleep_for(time_, milliseconds(300));
        tasks.push_back(task);
        if (!answers.empty()) {
            result<void> answer = answers.front();
            answers.pop_front();
            co_return answer;
        }
        co_return result<void>{};
    }

    std::vector<deployment_task> tasks;
    std::deque<result<void>> answers;

private:
    time_source& time_;
};

/// An engine on any disk. Who plays the CA says so in make_client, and stops the engine before he goes.
struct engine_on_disk {
    asio::io_context loop;
    fake_time time{loop};
    storage::repository files;
    scripted_deployer servers{time};
    recorded_events events;
    std::unique_ptr<random_source> random = make_seeded_random(42);
    worker_pool workers{0};
    lifecycle::assignment plan;
    lifecycle::client_factory make_client;
    lifecycle::crl_checker check_crl;
    lifecycle::crl_peek peek_crl;
    lifecycle::preflight_look look_ahead;
    std::unique_ptr<lifecycle::vault> vault = lifecycle::make_file_vault(files);
    std::unique_ptr<lifecycle::engine> engine;

    explicit engine_on_disk(store& any) : files(any) {
        issuer one;
        one.name = "ca";
        one.directory = "https://ca.example/dir";
        one.agree_to_terms = true;
        plan.issuers.emplace("ca", one);
    }
    ~engine_on_disk() { stop(); }

    /// `change` has the last word on the policy.
    void add(const std::string& name, std::vector<std::string> deploy = {},
             const std::function<void(issuance_policy&)>& change = {}) {
        issuance_policy policy;
        policy.issuers = {"ca"};
        policy.challenges = {"http"};
        policy.deploy = std::move(deploy);
        if (change) {
            change(policy);
        }
        managed_certificate wanted;
        wanted.name = name;
        wanted.names = {*parse_identifier(name)};
        wanted.policy = std::make_shared<const issuance_policy>(std::move(policy));
        plan.certificates.push_back(std::make_shared<const managed_certificate>(std::move(wanted)));
    }
    /// As a reload with another configuration would have it.
    void change(std::size_t index, const std::function<void(managed_certificate&)>& how) {
        managed_certificate wanted = *plan.certificates[index];
        how(wanted);
        plan.certificates[index] = std::make_shared<const managed_certificate>(std::move(wanted));
    }
    void start() {
        lifecycle::engine_parts parts{
            .repository = files,
            .files = *vault,
            .deploys = servers,
            .events = events,
            .time = time,
            .random = *random,
            .workers = workers,
            .make_client = make_client,
            .read_hmac_key = [](const external_account&) { return result<crypto::secret>(); },
            .check_crl = check_crl,
            .peek_crl = peek_crl,
            .look_ahead = look_ahead};
        engine = lifecycle::make_engine(loop.get_executor(), std::move(parts));
        engine->assign(plan);
        time.run_ready();
    }
    void stop() {
        if (engine) {
            asio::co_spawn(loop, engine->stop(milliseconds(0)), asio::detached);
            time.advance(milliseconds(1));
            engine.reset();
        }
    }
    /// The process dies: what is under way is lost, the disk stays.
    void crash_and_restart() {
        stop();
        start();
    }
    [[nodiscard]] lifecycle::certificate_status show(const std::string& name) const {
        return *engine->show(name);
    }
    bool until(lifecycle::state wanted, const std::string& name) {
        return time.run_until([&] { return show(name).where == wanted; });
    }
    /// The live pair fits: load() checks it.
    [[nodiscard]] unsigned live_version(const std::string& name) const {
        const auto inventory = files.look(name);
        return inventory.live ? inventory.live->number : 0;
    }
};

struct disk_in_memory {
    memory_store disk;
};

struct engine_fixture : disk_in_memory, engine_on_disk {
    scripted_issuing ca;

    engine_fixture() : engine_on_disk(disk) {
        make_client = [this](const issuer&) -> result<std::unique_ptr<acme::client>> {
            return std::make_unique<scripted_client>(ca, time);
        };
    }
    ~engine_fixture() { stop(); }
};

} // namespace evercert::testing
