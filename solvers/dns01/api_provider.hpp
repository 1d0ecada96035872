#pragma once
// What the providers that speak to an HTTP API share: checks, turns, deadlines, zones. A service is a derived
// class.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <optional>
#include <unordered_map>

namespace evercert::solvers {

/// Outlives its calls.
class api_provider : public dns_provider {
public:
    awaitable<result<void>> add(txt_task task) final;
    awaitable<result<void>> remove(txt_task task) override;

protected:
    api_provider(const api_world& world, api_service service);

    virtual result<void> check(const txt_task& task) const;
    /// Calls for the same name wait for each other.
    [[nodiscard]] virtual std::string name_of(const txt_task& task) const { return task.target; }
    virtual awaitable<result<void>> put(api_operation& op, const txt_task& task) = 0;
    virtual awaitable<result<void>> take(api_operation& op, const txt_task& task) = 0;
    [[nodiscard]] const api_world& world() const noexcept { return world_; }
    [[nodiscard]] const api_service& service() const noexcept { return service_; }

private:
    api_world world_;
    api_service service_;
    name_queue queue_;
};

/// A service whose secret is a token in the Authorization header, behind `scheme`.
api_service token_service(std::string name, std::string permission, secret_source token, api_timing timing,
                          std::string_view scheme = "Bearer");
/// The endpoint as it is to be used, or what is wrong with these settings of `service`; `zone` may be empty.
result<std::string> check_token_settings(std::string_view service, std::string_view endpoint,
                                         const secret_source& token, std::string_view zone);

/// A zone of the account.
struct api_zone {
    std::string name;
    std::string id;              ///< if the service has one; fit for a URL
    std::string kind;            ///< if that matters to the provider
    std::int64_t lowest_ttl = 0; ///< seconds
};

/// For services that are told the zone with each record.
class zoned_provider : public api_provider {
protected:
    using api_provider::api_provider;

    virtual awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) = 0;
    virtual awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                              const txt_task& task) = 0;
    /// The zone of exactly this name, if the account has it.
    virtual awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) = 0;
    /// The zone that a name belongs into: unless the service can say it itself, the longest that look_up
    /// knows.
    virtual awaitable<result<std::optional<api_zone>>> find_zone(api_operation& op, std::string name);

    /// From the configuration, so that nothing has to be looked up. Only what is set here is asked for.
    void fix_zone(std::string name) { fixed_ = std::move(name); }
    void allow_top_level() noexcept { top_level_ = true; }

private:
    struct known {
        api_zone zone;
        steady_time until;
    };

    awaitable<result<void>> put(api_operation& op, const txt_task& task) final;
    awaitable<result<void>> take(api_operation& op, const txt_task& task) final;
    awaitable<result<std::optional<api_zone>>> zone_of(api_operation& op, std::string name);
    void remember(const std::string& name, const api_zone& zone);
    [[nodiscard]] error no_zone(const std::string& name) const;

    std::string fixed_;
    bool top_level_ = false;
    std::unordered_map<std::string, known> known_; ///< by the name of the record
};

} // namespace evercert::solvers
