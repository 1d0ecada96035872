#include "solvers/dns01/digitalocean.hpp"

#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

namespace evercert::solvers {

namespace {

api_service service_of(const digitalocean_settings& settings) {
    return token_service("DigitalOcean", "the scopes domain:read, domain:create and domain:delete",
                         settings.token, settings.timing);
}

class digitalocean final : public zoned_provider {
public:
    digitalocean(const api_world& world, digitalocean_settings settings)
        : zoned_provider(world, service_of(settings)), settings_(std::move(settings)) {
        fix_zone(settings_.zone);
    }

private:
    awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) override {
        auto request = make_request("GET", fmt::format("{}/v2/domains/{}", settings_.endpoint, name));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (answer->status == 404) {
            co_return std::optional<api_zone>();
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "looking for the domain"));
        }
        api_zone found;
        found.name = std::move(name);
        co_return std::optional<api_zone>(std::move(found));
    }

    awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) override {
        auto ours = co_await list_ours(op, zone, task);
        if (!ours) {
            co_return fail(std::move(ours.error()));
        }
        if (!ours->empty()) {
            co_return result<void>();
        }
        json::writer body;
        body.begin_object().member("type", "TXT").member("name", relative_name(task.target, zone.name));
        body.member("data", task.value).member("ttl", static_cast<std::int64_t>(settings_.ttl)).end_object();
        auto request = make_request("POST", records(zone), body.text());
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "adding the record"));
        }
        co_return result<void>();
    }

    awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                      const txt_task& task) override {
        auto ours = co_await list_ours(op, zone, task);
        if (!ours) {
            co_return fail(std::move(ours.error()));
        }
        for (const auto id : *ours) {
            auto request = make_request("DELETE", fmt::format("{}/{}", records(zone), id));
            auto answer = co_await op.call(std::move(request));
            if (!answer) {
                co_return fail(std::move(answer.error()));
            }
            if (!is_success(*answer) && answer->status != 404) {
                co_return fail(op.refusal(*answer, "removing the record"));
            }
        }
        co_return result<void>();
    }

    /// The records of this name that hold this value.
    awaitable<result<std::vector<std::int64_t>>> list_ours(api_operation& op, const api_zone& zone,
                                                           const txt_task& task) {
        auto request =
            make_request("GET", fmt::format("{}?type=TXT&name={}&per_page=200", records(zone), task.target));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "listing the records"));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        auto list = document->array("domain_records");
        if (!list) {
            co_return fail(op.odd(list.error(), *answer));
        }
        const std::string wanted = relative_name(task.target, zone.name);
        std::vector<std::int64_t> ours;
        for (const auto& each : *list) {
            const auto id = each.integer("id");
            const auto name = each.string("name");
            const auto type = each.string("type");
            const auto data = each.string("data");
            if (id && name && *name == wanted && type && *type == "TXT" && data &&
                same_txt(*data, task.value)) {
                ours.push_back(*id);
            }
        }
        co_return ours;
    }

    [[nodiscard]] std::string records(const api_zone& zone) const {
        return fmt::format("{}/v2/domains/{}/records", settings_.endpoint, zone.name);
    }

    digitalocean_settings settings_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_digitalocean(const api_world& world,
                                                        digitalocean_settings settings) {
    auto endpoint = check_token_settings("DigitalOcean", settings.endpoint, settings.token, settings.zone);
    if (!endpoint) {
        return fail(std::move(endpoint.error()));
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<digitalocean>(world, std::move(settings));
}

} // namespace evercert::solvers
