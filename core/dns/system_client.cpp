#include "core/dns/system_client.hpp"

#include "core/base/stop_signal.hpp"
#include "core/dns/resolv_conf.hpp"
#include "core/dns/wire.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <map>
#include <optional>

namespace evercert::dns {
namespace {

/// A question under way, and who waits for it.
struct lookup {
    explicit lookup(const asio::any_io_executor& executor)
        : done(executor, asio::steady_timer::time_point::max()), stop(std::make_shared<stop_signal>()) {}

    asio::steady_timer done; ///< cancelled when there is an outcome
    std::optional<result<dns_answer>> outcome;
    std::shared_ptr<stop_signal> stop;
    std::size_t waiting = 0;
};

bool worth_asking_another(dns_rcode code) noexcept {
    return code != dns_rcode::no_error && code != dns_rcode::name_error;
}

awaitable<result<dns_answer>> ask_in_turn(std::vector<endpoint> servers, dns_question what,
                                          random_source& random, milliseconds patience) {
    std::optional<dns_answer> unhelpful;
    std::optional<error> failed;
    for (const endpoint& server : servers) {
        const question_options how(true);
        auto answer = co_await exchange(server, what, how, random, patience);
        if (answer && !worth_asking_another(answer->code)) {
            co_return answer;
        }
        if (answer && !unhelpful) {
            unhelpful = std::move(*answer);
        } else if (!answer && answer.error().code == errc::invalid_argument) {
            co_return answer;
        } else if (!answer && !failed) {
            failed = std::move(answer.error());
        }
    }
    if (unhelpful) {
        co_return std::move(*unhelpful);
    }
    co_return fail(failed ? std::move(*failed) : error(errc::network, "there is no DNS resolver to ask"));
}

class system_client final : public dns_client {
public:
    system_client(const asio::any_io_executor& executor, time_source& time, random_source& random,
                  client_settings settings)
        : executor_(executor)
        , time_(time)
        , random_(random)
        , settings_(std::move(settings))
        , conf_(settings_.resolv_conf) {}

    awaitable<result<dns_answer>> resolve(dns_question what) override {
        const auto name = name_to_wire(what.name);
        if (!name) {
            co_return fail(name.error());
        }
        const auto key = std::pair(lower_name(*name), what.type);
        auto found = lookups_->find(key);
        // One that was given up has still to end.
        if (found == lookups_->end() || found->second->waiting == 0) {
            found = lookups_->insert_or_assign(key, start(key, std::move(what))).first;
        }
        const auto on = found->second;
        ++on->waiting;
        boost::system::error_code ec;
        co_await on->done.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        if (--on->waiting == 0 && !on->outcome) {
            on->stop->emit(); // a question that nobody waits for any more
        }
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none || !on->outcome) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        co_return *on->outcome;
    }

    awaitable<result<dns_answer>> ask(endpoint server, dns_question what) override {
        const question_options how(false);
        co_return co_await exchange(std::move(server), std::move(what), how, random_, settings_.patience);
    }

    awaitable<result<dns_answer>> update(endpoint server, dns_update what, const tsig_key* key) override {
        co_return co_await exchange_update(std::move(server), std::move(what), key, time_, random_,
                                           settings_.patience);
    }

private:
    using lookup_key = std::pair<std::string, dns_type>;
    using lookup_table = std::map<lookup_key, std::shared_ptr<lookup>>;

    /// The work is nobody's in particular: who asked first may go before the others.
    std::shared_ptr<lookup> start(const lookup_key& key, dns_question what) {
        auto on = std::make_shared<lookup>(executor_);
        auto servers = settings_.resolvers.empty() ? conf_.servers() : settings_.resolvers;
        auto work = find(on, std::move(servers), std::move(what), random_, settings_.patience);
        auto ended = [on, key, table = std::weak_ptr(lookups_)](const std::exception_ptr& failure) {
            if (failure && !on->outcome) {
                on->outcome = fail(errc::internal, "a DNS lookup ended unexpectedly");
            }
            on->done.cancel();
            const auto alive = table.lock();
            if (!alive) {
                return;
            }
            if (const auto entry = alive->find(key); entry != alive->end() && entry->second == on) {
                alive->erase(entry);
            }
        };
        auto guarded = stop_signal::guard(on->stop, std::move(work));
        asio::co_spawn(executor_, std::move(guarded),
                       asio::bind_cancellation_slot(on->stop->slot(), std::move(ended)));
        return on;
    }

    static awaitable<void> find(std::shared_ptr<lookup> on, std::vector<endpoint> servers, dns_question what,
                                random_source& random, milliseconds patience) {
        on->outcome = co_await ask_in_turn(std::move(servers), std::move(what), random, patience);
    }

    asio::any_io_executor executor_;
    time_source& time_;
    random_source& random_;
    client_settings settings_;
    resolv_conf conf_;
    std::shared_ptr<lookup_table> lookups_ = std::make_shared<lookup_table>();
};

} // namespace

std::unique_ptr<dns_client> make_dns_client(const asio::any_io_executor& executor, time_source& time,
                                            random_source& random, client_settings settings) {
    return std::make_unique<system_client>(executor, time, random, std::move(settings));
}

} // namespace evercert::dns
