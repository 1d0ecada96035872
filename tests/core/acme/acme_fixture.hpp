#pragma once
// A client against the scripted CA, on time that does not pass by itself.
#include "core/acme/client.hpp"
#include "core/crypto/csr.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/scripted_ca.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace evercert::acme::testing {

using namespace evercert::testing;

/// Serves answers from memory, as the http-01 listener does.
class memory_solver : public solver {
public:
    explicit memory_solver(time_source& time) : time_(time) {}

    [[nodiscard]] std::string_view challenge_type() const noexcept override { return "http-01"; }
    [[nodiscard]] bool remembered() const noexcept override { return is_remembered; }
    awaitable<result<void>> present(challenge_task task) override;
    awaitable<result<void>> wait_ready(challenge_task task) override;
    awaitable<void> clean_up(challenge_task task) override;
    /// What the CA gets.
    std::optional<std::string> fetch(const std::string& name, const std::string& token);

    std::map<std::pair<std::string, std::string>, challenge_task> served;
    std::size_t presented = 0;
    std::size_t cleaned = 0;
    std::size_t most_served = 0;
    bool refuse = false;      ///< present fails
    bool silent = false;      ///< fetches are not told
    milliseconds slowness{0}; ///< of wait_ready and clean_up
    milliseconds slower{0};   ///< each wait_ready takes so much longer than the one before
    bool is_remembered = false;
    std::set<std::string> ready; ///< names, those of wildcards with "*.", whose wait_ready has ended

private:
    time_source& time_;
    int waited_ = 0;
};

crypto::key test_key();       ///< P-256, always the same in one run
crypto::key other_test_key(); ///< another one
std::vector<identifier> names(std::initializer_list<const char*> texts);
/// A CSR for the names, by other_test_key.
std::string test_csr(const std::vector<identifier>& for_names);

class acme_fixture {
public:
    acme_fixture();
    explicit acme_fixture(issuer settings);
    ~acme_fixture();

    static issuer test_issuer();
    issuance request_for(const std::vector<identifier>& for_names);

    /// Runs the loop until the coroutine is done; fails the test if it never is.
    template <class T>
    T run(awaitable<T> what, steady_time::duration at_most = std::chrono::hours(3)) {
        std::optional<T> got;
        bool done = false;
        asio::co_spawn(loop, std::move(what), [&](std::exception_ptr failed, T value) {
            done = true;
            if (!failed) {
                got = std::move(value);
            }
        });
        const bool ended = time.run_until([&] { return done; }, at_most);
        INFO("a coroutine hangs, or ended with an exception");
        REQUIRE(ended);
        REQUIRE(got.has_value());
        return std::move(*got);
    }
    outcome<std::string> open_account(bool agree = true);
    outcome<issued> issue(const std::vector<identifier>& for_names);
    /// Opens the account and issues; the failure of the first that fails.
    outcome<issued> all(const std::vector<identifier>& for_names);
    void renew_client(); ///< a new process: no nonces, no directory

    asio::io_context loop{1};
    fake_time time{loop};
    scripted_ca ca{time};
    memory_solver answers{time};
    recorded_events events;
    std::unique_ptr<random_source> random = make_seeded_random(7);
    issuer settings;
    std::unique_ptr<client> acme;
    std::vector<std::string> stored_orders; ///< given to on_order
    std::optional<error> store_trouble;     ///< what on_order answers
};

} // namespace evercert::acme::testing
