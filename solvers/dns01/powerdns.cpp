#include "solvers/dns01/powerdns.hpp"

#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

/// Servers before 4.7 do not know how to show one set and answer with the whole zone.
constexpr std::size_t largest_zone = 8 * 1024 * 1024;

api_service service_of(const powerdns_settings& settings) {
    api_service out;
    out.name = "PowerDNS";
    out.secret_is = "API key";
    out.permission = "`api=yes` at the server, and our address in its webserver-allow-from";
    out.secret = settings.key;
    out.timing = settings.timing;
    out.allow_http = is_plain_http(settings.endpoint);
    out.authorize = [](http_request& request, std::string_view secret) {
        request.headers.emplace_back("X-API-Key", std::string(secret));
        return result<void>();
    };
    return out;
}

struct record {
    std::string content;
    bool disabled = false;
};

struct record_set {
    std::int64_t ttl = 0;
    std::vector<record> records;
};

class powerdns final : public zoned_provider {
public:
    powerdns(const api_world& world, powerdns_settings settings)
        : zoned_provider(world, service_of(settings))
        , settings_(std::move(settings))
        , zones_(fmt::format("{}/api/v1/servers/{}/zones", settings_.endpoint, settings_.server)) {
        fix_zone(settings_.zone);
        allow_top_level();
    }

private:
    awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) override {
        auto request = make_request("GET", fmt::format("{}?zone={}.&dnssec=false", zones_, name));
        request.body_limit = largest_zone; // a server that does not know the filter shows all zones
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "looking for the zone"));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        if (!document->is_array()) {
            co_return fail(op.odd(error(errc::protocol, "a list of zones was expected"), *answer));
        }
        for (const auto& each : document->elements()) {
            const auto id = each.string("id");
            const auto shown = each.string("name");
            if (!shown || *shown != name + ".") {
                continue;
            }
            if (!id || !is_plain_id(*id)) {
                co_return fail(op.odd(error(errc::protocol, "the zone has no usable ID"), *answer));
            }
            const auto kind = each.string("kind").value_or("");
            if (kind == "Slave" || kind == "Secondary" || kind == "Consumer") {
                co_return fail(errc::refused,
                               fmt::format("the zone {} is a copy on this server: its records have to be "
                                           "changed on its primary server",
                                           name));
            }
            api_zone found;
            found.name = std::move(name);
            found.id = *id;
            found.kind = kind;
            co_return std::optional<api_zone>(std::move(found));
        }
        co_return std::optional<api_zone>();
    }

    awaitable<result<record_set>> read(api_operation& op, const api_zone& zone, std::string name) {
        auto request =
            make_request("GET", fmt::format("{}/{}?rrset_name={}.&rrset_type=TXT", zones_, zone.id, name));
        request.body_limit = largest_zone;
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "reading the zone"));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        auto set = find_set(*document, name + ".");
        if (!set) {
            co_return fail(op.odd(set.error(), *answer));
        }
        co_return set;
    }

    static result<record_set> find_set(const json::value& zone, const std::string& name) {
        record_set out;
        const auto sets = zone.array("rrsets");
        if (!sets) {
            return fail(sets.error());
        }
        for (const auto& set : *sets) {
            const auto shown = set.string("name");
            const auto type = set.string("type");
            if (!shown || *shown != name || !type || *type != "TXT") {
                continue;
            }
            const auto ttl = set.integer("ttl");
            const auto records = set.array("records");
            if (!ttl || !records) {
                return fail(!ttl ? ttl.error() : records.error());
            }
            out.ttl = *ttl;
            for (const auto& each : *records) {
                auto content = each.string("content");
                const auto disabled = each.optional_boolean("disabled");
                if (!content || !disabled) {
                    return fail(!content ? content.error() : disabled.error());
                }
                record one;
                one.content = std::move(*content);
                one.disabled = disabled->value_or(false);
                out.records.push_back(std::move(one));
            }
        }
        return out;
    }

    awaitable<result<void>> write(api_operation& op, const api_zone& zone, std::string name, record_set set) {
        json::writer body;
        body.begin_object().key("rrsets").begin_array().begin_object();
        body.member("name", name + ".").member("type", "TXT");
        if (set.records.empty()) {
            body.member("changetype", "DELETE");
        } else {
            body.member("ttl", set.ttl).member("changetype", "REPLACE").key("records").begin_array();
            for (const auto& each : set.records) {
                body.begin_object().member("content", each.content).member_bool("disabled", each.disabled);
                body.end_object();
            }
            body.end_array();
        }
        body.end_object().end_array().end_object();
        auto request = make_request("PATCH", fmt::format("{}/{}", zones_, zone.id), body.text());
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "writing the record set"));
        }
        if (zone.kind == "Master" || zone.kind == "Primary") {
            // Secondaries hear of it at once and not at the server's next round. Whatever is answered, the
            // record is there, and those that do not hear look for themselves.
            auto notify = make_request("PUT", fmt::format("{}/{}/notify", zones_, zone.id));
            static_cast<void>(co_await op.call(std::move(notify)));
        }
        co_return result<void>();
    }

    awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) override {
        auto set = co_await read(op, zone, task.target);
        if (!set) {
            co_return fail(std::move(set.error()));
        }
        if (set->records.empty()) {
            set->ttl = settings_.ttl;
        }
        const auto ours = std::find_if(set->records.begin(), set->records.end(), [&](const record& each) {
            return same_txt(each.content, task.value);
        });
        if (ours != set->records.end() && !ours->disabled) {
            co_return result<void>();
        }
        if (ours != set->records.end()) {
            ours->disabled = false;
        } else {
            record one;
            one.content = quote_txt(task.value);
            set->records.push_back(std::move(one));
        }
        co_return co_await write(op, zone, task.target, std::move(*set));
    }

    awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                      const txt_task& task) override {
        auto set = co_await read(op, zone, task.target);
        if (!set) {
            co_return fail(std::move(set.error()));
        }
        const auto gone = std::erase_if(
            set->records, [&](const record& each) { return same_txt(each.content, task.value); });
        if (gone == 0) {
            co_return result<void>();
        }
        co_return co_await write(op, zone, task.target, std::move(*set));
    }

    powerdns_settings settings_;
    std::string zones_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_powerdns(const api_world& world, powerdns_settings settings) {
    auto endpoint = check_endpoint(settings.endpoint, settings.allow_http);
    if (!endpoint) {
        return fail(endpoint.error().within("PowerDNS"));
    }
    if (settings.key.empty()) {
        return fail(errc::invalid_argument, "PowerDNS: no file or credential with the API key is named");
    }
    if (!is_plain_id(settings.server)) {
        return fail(errc::invalid_argument, "PowerDNS: the server's ID is a word, usually \"localhost\"");
    }
    if (!settings.zone.empty() && !check_name(settings.zone)) {
        return fail(errc::invalid_argument, "PowerDNS: the zone is no domain name: write it in lower case");
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<powerdns>(world, std::move(settings));
}

} // namespace evercert::solvers
