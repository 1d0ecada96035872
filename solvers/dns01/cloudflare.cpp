#include "solvers/dns01/cloudflare.hpp"

#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

api_service service_of(const cloudflare_settings& settings) {
    return token_service("Cloudflare", "Zone: Zone: Read and Zone: DNS: Edit for the zone", settings.token,
                         settings.timing);
}

/// The codes of a failed answer: {"success":false,"errors":[{"code":81058,"message":"..."}]}.
bool has_code(const http_response& answer, std::initializer_list<std::int64_t> codes) {
    const auto document = json::parse(answer.body);
    const auto list = document ? document->optional_array("errors") : result<std::vector<json::value>>();
    if (!list) {
        return false;
    }
    return std::any_of(list->begin(), list->end(), [&](const json::value& each) {
        const auto code = each.integer("code");
        return code && std::find(codes.begin(), codes.end(), *code) != codes.end();
    });
}

class cloudflare final : public zoned_provider {
public:
    cloudflare(const api_world& world, cloudflare_settings settings)
        : zoned_provider(world, service_of(settings)), settings_(std::move(settings)) {}

private:
    awaitable<result<std::optional<api_zone>>> find_zone(api_operation& op, std::string name) override {
        if (settings_.zone_id.empty()) {
            co_return co_await zoned_provider::find_zone(op, std::move(name));
        }
        api_zone fixed;
        fixed.id = settings_.zone_id;
        co_return std::optional<api_zone>(std::move(fixed));
    }

    awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) override {
        const std::string url = fmt::format("{}/zones?name={}&per_page=50", settings_.endpoint, name);
        auto list = co_await get(op, url, "looking for the zone");
        if (!list) {
            co_return fail(std::move(list.error()));
        }
        std::optional<api_zone> best;
        for (const auto& each : *list) {
            const auto id = each.string("id");
            const auto shown = each.optional_string("name");
            const auto status = each.optional_string("status");
            if (!id || !is_plain_id(*id) || !shown || *shown != name) {
                continue;
            }
            // The same name may be pending in one account and served out of another.
            const bool active = status && *status == "active";
            if (!best || active) {
                best.emplace();
                best->name = name;
                best->id = *id;
            }
            if (active) {
                break;
            }
        }
        co_return best;
    }

    awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) override {
        json::writer body;
        body.begin_object().member("type", "TXT").member("name", task.target);
        body.member("content", quote_txt(task.value)).member("ttl", static_cast<std::int64_t>(settings_.ttl));
        body.end_object();
        auto request = make_request("POST", records(zone), body.text());
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        // "An identical record already exists."
        if (is_success(*answer) || has_code(*answer, {81057, 81058})) {
            co_return result<void>();
        }
        co_return fail(refused(op, *answer, "adding the record"));
    }

    awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                      const txt_task& task) override {
        const std::string url = fmt::format("{}?type=TXT&name={}&per_page=100", records(zone), task.target);
        auto list = co_await get(op, url, "listing the records");
        if (!list) {
            co_return fail(std::move(list.error()));
        }
        for (const auto& each : *list) {
            const auto id = each.string("id");
            // Compared here too: a filter that the service ignored must not cost somebody's record.
            if (!id || !is_plain_id(*id) || !is_ours(each, task)) {
                continue;
            }
            auto request = make_request("DELETE", fmt::format("{}/{}", records(zone), *id));
            auto answer = co_await op.call(std::move(request));
            if (!answer) {
                co_return fail(std::move(answer.error()));
            }
            if (!is_success(*answer) && answer->status != 404) {
                co_return fail(refused(op, *answer, "removing the record"));
            }
        }
        co_return result<void>();
    }

    /// The array `result` of an answer.
    awaitable<result<std::vector<json::value>>> get(api_operation& op, std::string url,
                                                    std::string what_for) {
        auto request = make_request("GET", std::move(url));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(refused(op, *answer, what_for));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        auto list = document->array("result");
        if (!list) {
            co_return fail(op.odd(list.error(), *answer));
        }
        co_return list;
    }

    static bool is_ours(const json::value& record, const txt_task& task) {
        const auto name = record.string("name");
        const auto type = record.string("type");
        const auto content = record.string("content");
        return name && *name == task.target && type && *type == "TXT" && content &&
               same_txt(*content, task.value);
    }

    /// A token of the wrong form is a 400 here: 6003 "Invalid request headers", 6111 "Invalid format".
    static error refused(const api_operation& op, http_response answer, std::string_view tried) {
        if (answer.status == 400 && has_code(answer, {6003, 6111})) {
            answer.status = 401;
        }
        return op.refusal(answer, tried);
    }

    [[nodiscard]] std::string records(const api_zone& zone) const {
        return fmt::format("{}/zones/{}/dns_records", settings_.endpoint, zone.id);
    }

    cloudflare_settings settings_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_cloudflare(const api_world& world, cloudflare_settings settings) {
    auto endpoint = check_endpoint(settings.endpoint, false);
    if (!endpoint) {
        return fail(endpoint.error().within("Cloudflare"));
    }
    if (settings.token.empty()) {
        return fail(errc::invalid_argument, "Cloudflare: no file or credential with the API token is named");
    }
    if (!settings.zone_id.empty() && !is_plain_id(settings.zone_id)) {
        return fail(errc::invalid_argument, "Cloudflare: the zone ID is 32 hexadecimal digits");
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<cloudflare>(world, std::move(settings));
}

} // namespace evercert::solvers
