#include "solvers/dns_self/self_solver.hpp"

#include "core/dns/server.hpp"
#include "solvers/dns01/record_name.hpp"
#include "solvers/dns_self/delegation.hpp"

#include <utility>

namespace evercert::solvers {
namespace {

class own_provider final : public dns_provider {
public:
    own_provider(std::shared_ptr<own_zone> zone, dns_client& dns, propagation_check check)
        : zone_(std::move(zone)), dns_(dns), check_(check) {}

    awaitable<result<void>> add(txt_task task) override {
        if (check_ == propagation_check::enforce) {
            auto there = co_await check_delegation(dns_, *zone_, task.record, task.target);
            if (!there) {
                co_return there;
            }
        }
        co_return zone_->add(task.target, task.value);
    }
    awaitable<result<void>> remove(txt_task task) override {
        zone_->remove(task.target, task.value);
        co_return result<void>();
    }

private:
    std::shared_ptr<own_zone> zone_;
    dns_client& dns_;
    propagation_check check_;
};

class listening_self_solver final : public self_solver {
public:
    listening_self_solver(const asio::any_io_executor& executor, dns01_parts parts, random_source& random,
                          self_settings settings, own_zone zone)
        : zone_(std::make_shared<own_zone>(std::move(zone)))
        , per_account_(settings.proof.per_account)
        , proof_(make_dns01_solver(std::make_unique<own_provider>(zone_, parts.dns, settings.proof.check),
                                   parts, settings.proof))
        , server_(dns::make_server(
              executor, parts.events, parts.time, random, dns::server_limits(),
              [held = zone_](std::string_view packet, dns::over path) { return held->answer(packet, path); }))
        , places_("dns-01", std::move(settings.listen),
                  [this](net::listen_address where) { return server_->listen(std::move(where)); }) {}

    [[nodiscard]] std::string_view challenge_type() const noexcept override {
        return proof_->challenge_type();
    }

    [[nodiscard]] bool remembered() const noexcept override { return proof_->remembered(); }

    result<void> open() override {
        auto opened = places_.open();
        return opened ? both_ways() : opened;
    }

    awaitable<void> close() override {
        places_.closed();
        co_await server_->stop();
    }

    [[nodiscard]] std::vector<std::string> addresses() const override { return server_->addresses(); }
    [[nodiscard]] net::server_counters counters() const override { return server_->counters(); }

    void know(const std::vector<std::string>& names) override { zone_->know(names); }

    awaitable<result<void>> present(challenge_task task) override {
        // Counted even when it fails, because clean_up is called either way.
        auto counted = co_await proof_->present(std::move(task));
        if (!counted) {
            co_return counted;
        }
        auto opened = places_.open_again([this] { return !server_->addresses().empty(); });
        co_return opened;
    }

    awaitable<result<void>> wait_ready(challenge_task task) override {
        const std::string domain = task.name.base();
        const std::string record =
            per_account_ ? account_record(task.name, task.account_url) : challenge_record(task.name);
        auto ready = co_await proof_->wait_ready(std::move(task));
        if (!ready) {
            const error& why = ready.error();
            ready = fail(why.code, why.text() + "; " + delegation_help(zone_->settings(), domain, record));
        }
        co_return ready;
    }

    awaitable<void> clean_up(challenge_task task) override { co_await proof_->clean_up(std::move(task)); }

private:
    /// Sockets from systemd come one by one.
    result<void> both_ways() const {
        bool udp = false;
        bool tcp = false;
        for (const std::string& each : server_->addresses()) {
            udp = udp || each.ends_with("/udp");
            tcp = tcp || each.ends_with("/tcp");
        }
        if (udp && tcp) {
            return {};
        }
        return fail(errc::invalid_argument,
                    std::string("dns-01: the name server got no ") + (udp ? "TCP" : "UDP") +
                        " socket from systemd: its socket unit needs both ListenDatagram= "
                        "and ListenStream=");
    }

    std::shared_ptr<own_zone> zone_;
    bool per_account_;
    std::unique_ptr<solver> proof_;
    std::unique_ptr<dns::server> server_;
    listen_places places_;
};

} // namespace

result<std::unique_ptr<self_solver>> make_self_solver(const asio::any_io_executor& executor,
                                                      dns01_parts parts, random_source& random,
                                                      self_settings settings) {
    auto zone = own_zone::make(settings.zone);
    if (!zone) {
        return fail(std::move(zone.error()));
    }
    return std::make_unique<listening_self_solver>(executor, parts, random, std::move(settings),
                                                   std::move(*zone));
}

} // namespace evercert::solvers
