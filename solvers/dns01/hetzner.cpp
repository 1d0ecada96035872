#include "solvers/dns01/hetzner.hpp"

#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

namespace evercert::solvers {

namespace {

constexpr milliseconds between_looks = seconds(1);

/// {"error":{"code":"locked","message":"..."}}
std::string code_of(const http_response& answer) {
    const auto document = json::parse(answer.body);
    const auto inner = document ? document->optional_object("error") : result<std::optional<json::value>>();
    if (!inner || !*inner) {
        return {};
    }
    return (*inner)->string("code").value_or("");
}

api_service service_of(const hetzner_settings& settings) {
    api_service out =
        token_service("Hetzner", "to be a token with Read & Write of the Cloud project that has the zone",
                      settings.token, settings.timing);
    // Another action on the zone is under way, or changed it while this request was looked at.
    out.busy = [](const http_response& answer) {
        const auto code = code_of(answer);
        return code == "locked" || code == "conflict";
    };
    return out;
}

class hetzner final : public zoned_provider {
public:
    hetzner(const api_world& world, hetzner_settings settings)
        : zoned_provider(world, service_of(settings)), settings_(std::move(settings)) {
        fix_zone(settings_.zone);
    }

private:
    awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) override {
        auto request = make_request("GET", fmt::format("{}/zones/{}", settings_.endpoint, name));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (answer->status == 404) {
            co_return std::optional<api_zone>();
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "looking for the zone"));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        const auto zone = document->object("zone");
        const auto mode = zone ? zone->optional_string("mode") : result<std::optional<std::string>>();
        if (!zone || !mode) {
            co_return fail(op.odd(!zone ? zone.error() : mode.error(), *answer));
        }
        if (*mode == "secondary") {
            co_return fail(
                errc::refused,
                fmt::format("the zone {} is secondary at Hetzner: its records are copied from another server "
                            "and have to be changed there",
                            name));
        }
        api_zone found;
        found.name = std::move(name);
        co_return std::optional<api_zone>(std::move(found));
    }

    /// What the set of the name holds; nullopt if there is no set.
    awaitable<result<std::optional<std::vector<std::string>>>> values(api_operation& op, std::string set) {
        using found = std::optional<std::vector<std::string>>;
        auto request = make_request("GET", std::move(set));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (answer->status == 404) {
            co_return found();
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "reading the record set"));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        const auto rrset = document->object("rrset");
        const auto records = rrset ? rrset->array("records") : result<std::vector<json::value>>();
        if (!rrset || !records) {
            co_return fail(op.odd(!rrset ? rrset.error() : records.error(), *answer));
        }
        std::vector<std::string> out;
        for (const auto& each : *records) {
            auto value = each.string("value");
            if (!value) {
                co_return fail(op.odd(value.error(), *answer));
            }
            out.push_back(std::move(*value));
        }
        co_return found(std::move(out));
    }

    awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) override {
        const std::string set = set_url(zone, task);
        auto have = co_await values(op, set);
        if (!have) {
            co_return fail(std::move(have.error()));
        }
        if (*have && any_same_txt(**have, task.value)) {
            co_return result<void>();
        }
        json::writer body;
        body.begin_object();
        // To a set that is there only its own TTL may be given.
        if (!*have) {
            body.member("ttl", static_cast<std::int64_t>(settings_.ttl));
        }
        write_record(body, quote_txt(task.value));
        body.end_object();
        auto request = make_request("POST", set + "/actions/add_records", body.text());
        auto done = co_await act(op, std::move(request), "adding the record", false);
        if (!done && op.uncertain()) {
            // An exchange before this one broke: what is refused now may be there since then.
            have = co_await values(op, set);
            if (have && *have && any_same_txt(**have, task.value)) {
                co_return result<void>();
            }
        }
        co_return done;
    }

    awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                      const txt_task& task) override {
        const std::string set = set_url(zone, task);
        auto have = co_await values(op, set);
        if (!have) {
            co_return fail(std::move(have.error()));
        }
        const auto all = have->value_or(std::vector<std::string>());
        for (const auto& shown : all) {
            if (!same_txt(shown, task.value)) {
                continue;
            }
            json::writer body;
            body.begin_object();
            write_record(body, shown);
            body.end_object();
            auto request = make_request("POST", set + "/actions/remove_records", body.text());
            auto done = co_await act(op, std::move(request), "removing the record", true);
            if (!done) {
                co_return done;
            }
        }
        co_return result<void>();
    }

    /// Starts an action and waits for its end: {"action":{"id":1,"status":"running","error":null}}.
    awaitable<result<void>> act(api_operation& op, http_request request, std::string what_for,
                                bool may_be_gone) {
        auto answer = co_await op.call(std::move(request));
        for (;;) {
            if (!answer) {
                co_return fail(std::move(answer.error()));
            }
            if (may_be_gone && answer->status == 404) {
                co_return result<void>();
            }
            if (!is_success(*answer)) {
                co_return fail(op.refusal(*answer, what_for));
            }
            auto document = op.parse(*answer);
            if (!document) {
                co_return fail(std::move(document.error()));
            }
            const auto action = document->object("action");
            const auto id = action ? action->integer("id") : result<std::int64_t>(0);
            const auto status = action ? action->string("status") : result<std::string>("");
            if (!action || !id || !status) {
                co_return fail(op.odd(!action ? action.error() : !id ? id.error() : status.error(), *answer));
            }
            if (*status == "success") {
                co_return result<void>();
            }
            if (*status == "error") {
                const auto why = op.refusal(*answer, what_for).foreign;
                co_return fail(errc::refused, what_for + ": the action that it started has failed", why);
            }
            auto waited = co_await op.pause(between_looks, what_for + " was done");
            if (!waited) {
                co_return waited;
            }
            auto look = make_request("GET", fmt::format("{}/actions/{}", settings_.endpoint, *id));
            answer = co_await op.call(std::move(look));
            may_be_gone = false;
        }
    }

    static void write_record(json::writer& body, std::string_view value) {
        body.key("records").begin_array().begin_object().member("value", value).end_object().end_array();
    }

    [[nodiscard]] std::string set_url(const api_zone& zone, const txt_task& task) const {
        return fmt::format("{}/zones/{}/rrsets/{}/TXT", settings_.endpoint, zone.name,
                           relative_name(task.target, zone.name));
    }

    hetzner_settings settings_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_hetzner(const api_world& world, hetzner_settings settings) {
    auto endpoint = check_token_settings("Hetzner", settings.endpoint, settings.token, settings.zone);
    if (!endpoint) {
        return fail(std::move(endpoint.error()));
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<hetzner>(world, std::move(settings));
}

} // namespace evercert::solvers
