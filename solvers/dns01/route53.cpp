#include "solvers/dns01/route53.hpp"

#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/aws_signature.hpp"
#include "solvers/dns01/route53_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

namespace evercert::solvers {

namespace {

constexpr std::size_t largest_credentials = 64 * 1024;
constexpr milliseconds between_looks = seconds(4);
constexpr milliseconds after_conflict = seconds(1);
constexpr int most_conflicts = 4;

result<aws_credentials> credentials_of(const route53_settings& settings, std::string_view secret) {
    if (settings.access_key_id.empty()) {
        auto found = parse_aws_credentials(secret, settings.profile);
        if (!found) {
            return fail(found.error().within(settings.secret.place()));
        }
        return found;
    }
    aws_credentials out;
    out.access_key_id = settings.access_key_id;
    out.secret_access_key = crypto::secret(std::string(secret));
    return out;
}

api_service service_of(const route53_settings& settings, time_source& time) {
    api_service out;
    out.name = "Route 53";
    out.secret_is = "access key";
    out.permission =
        "route53:ListHostedZonesByName, ListResourceRecordSets, ChangeResourceRecordSets and GetChange; "
        "and our clock to be right";
    out.secret = settings.secret;
    out.one_line = !settings.access_key_id.empty();
    out.longest_secret = largest_credentials;
    out.media = "text/xml";
    out.timing = settings.timing;
    out.authorize = [settings, &time](http_request& request, std::string_view secret) -> result<void> {
        const auto by = credentials_of(settings, secret);
        if (!by) {
            return fail(by.error());
        }
        return sign_aws(request, *by, aws_scope(settings.region, "route53"), time.now());
    };
    out.busy = [](const http_response& answer) {
        const auto code = route53_error_code(answer.body);
        return code == "Throttling" || code == "ThrottlingException" || code == "PriorRequestNotComplete";
    };
    return out;
}

class route53 final : public zoned_provider {
public:
    route53(const api_world& world, route53_settings settings)
        : zoned_provider(world, service_of(settings, world.time)), settings_(std::move(settings)) {}

private:
    using maybe_set = std::optional<route53_set>;
    /// What a set is to become; nullopt if there is nothing to do.
    using decision = std::function<std::optional<maybe_set>(const maybe_set&)>;

    awaitable<result<std::optional<api_zone>>> find_zone(api_operation& op, std::string name) override {
        if (settings_.hosted_zone_id.empty()) {
            co_return co_await zoned_provider::find_zone(op, std::move(name));
        }
        api_zone fixed;
        fixed.id = settings_.hosted_zone_id;
        co_return std::optional<api_zone>(std::move(fixed));
    }

    awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) override {
        auto request =
            make_request("GET", fmt::format("{}/2013-04-01/hostedzonesbyname?dnsname={}.&maxitems=100",
                                            settings_.endpoint, name));
        auto answer = co_await exchange(op, std::move(request), "looking for the hosted zone");
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        auto id = route53_zone(answer->root, name);
        if (!id) {
            co_return fail(op.odd(id.error(), answer->raw));
        }
        if (!*id) {
            co_return std::optional<api_zone>();
        }
        api_zone found;
        found.name = std::move(name);
        found.id = std::move(**id);
        co_return std::optional<api_zone>(std::move(found));
    }

    awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) override {
        const unsigned ttl = settings_.ttl;
        const decision with_ours = [&task, ttl](const maybe_set& before) -> std::optional<maybe_set> {
            route53_set after = before.value_or(route53_set());
            if (any_same_txt(after.values, task.value)) {
                return std::nullopt;
            }
            after.ttl = before ? before->ttl : ttl;
            after.values.push_back(quote_txt(task.value));
            return maybe_set(std::move(after));
        };
        auto changed = co_await change(op, zone, task.target, with_ours);
        if (!changed) {
            co_return fail(std::move(changed.error()));
        }
        if (!settings_.wait_for_sync || changed->in_sync) {
            co_return result<void>();
        }
        op.leave_queue();
        co_return co_await wait_for(op, changed->id);
    }

    awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                      const txt_task& task) override {
        const decision without_ours = [&task](const maybe_set& before) -> std::optional<maybe_set> {
            route53_set after = before.value_or(route53_set());
            if (std::erase_if(after.values, [&](const auto& each) { return same_txt(each, task.value); }) ==
                0) {
                return std::nullopt;
            }
            return after.values.empty() ? maybe_set() : maybe_set(std::move(after));
        };
        auto changed = co_await change(op, zone, task.target, without_ours);
        if (!changed) {
            co_return fail(std::move(changed.error()));
        }
        co_return result<void>();
    }

    /// Reads, decides and writes until nobody was faster.
    awaitable<result<route53_change_state>> change(api_operation& op, const api_zone& zone, std::string name,
                                                   decision decide) {
        const std::string sets =
            fmt::format("{}/2013-04-01/hostedzone/{}/rrset", settings_.endpoint, zone.id);
        for (int conflicts = 0;; ++conflicts) {
            auto read = make_request("GET", fmt::format("{}?maxitems=1&name={}.&type=TXT", sets, name));
            auto shown = co_await exchange(op, std::move(read), "reading the record set");
            if (!shown) {
                co_return fail(std::move(shown.error()));
            }
            auto before = route53_current(shown->root, name);
            if (!before) {
                const auto& why = before.error();
                co_return fail(why.code == errc::unsupported ? why : op.odd(why, shown->raw));
            }
            const auto after = decide(*before);
            if (!after) {
                route53_change_state as_it_is;
                as_it_is.in_sync = true;
                co_return as_it_is;
            }
            auto write = make_request("POST", sets, route53_change(name, *before, *after));
            auto answer = co_await op.call(std::move(write));
            if (!answer) {
                co_return fail(std::move(answer.error()));
            }
            if (is_success(*answer)) {
                auto root = parse_xml(answer->body);
                auto state = root ? route53_state(*root) : result<route53_change_state>(fail(root.error()));
                if (!state) {
                    co_return fail(op.odd(state.error(), *answer));
                }
                co_return state;
            }
            if (route53_error_code(answer->body) != "InvalidChangeBatch" || conflicts == most_conflicts) {
                co_return fail(refused(op, *answer, "writing the record set"));
            }
            auto waited = co_await op.pause(after_conflict, "the record set could be written");
            if (!waited) {
                co_return fail(std::move(waited.error()));
            }
        }
    }

    awaitable<result<void>> wait_for(api_operation& op, std::string id) {
        for (;;) {
            auto waited = co_await op.pause(between_looks, "all servers of Route 53 had the record");
            if (!waited) {
                co_return waited;
            }
            auto request =
                make_request("GET", fmt::format("{}/2013-04-01/change/{}", settings_.endpoint, id));
            auto answer = co_await exchange(op, std::move(request), "asking for the state of the change");
            if (!answer) {
                co_return fail(std::move(answer.error()));
            }
            auto state = route53_state(answer->root);
            if (!state) {
                co_return fail(op.odd(state.error(), answer->raw));
            }
            if (state->in_sync) {
                co_return result<void>();
            }
        }
    }

    struct xml_answer {
        http_response raw;
        xml_element root;
    };

    static awaitable<result<xml_answer>> exchange(api_operation& op, http_request request,
                                                  std::string what_for) {
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(refused(op, *answer, what_for));
        }
        auto root = parse_xml(answer->body);
        if (!root) {
            co_return fail(op.odd(root.error(), *answer));
        }
        xml_answer out;
        out.raw = std::move(*answer);
        out.root = std::move(*root);
        co_return out;
    }

    static error refused(const api_operation& op, http_response answer, std::string_view tried) {
        auto words = route53_error_words(answer.body);
        if (!words.empty()) {
            answer.body = std::move(words);
        }
        return op.refusal(answer, tried);
    }

    route53_settings settings_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_route53(const api_world& world, route53_settings settings) {
    auto endpoint = check_endpoint(settings.endpoint, false);
    if (!endpoint) {
        return fail(endpoint.error().within("Route 53"));
    }
    if (settings.secret.empty()) {
        return fail(errc::invalid_argument, "Route 53: no file or credential is named that holds the secret "
                                            "access key or shared credentials");
    }
    for (const auto& text : {settings.access_key_id, settings.hosted_zone_id, settings.region}) {
        if (!text.empty() && !is_plain_id(text)) {
            return fail(
                errc::invalid_argument,
                "Route 53: an access key ID, a hosted zone ID and a region are letters, digits and \"-\"");
        }
    }
    if (settings.region.empty()) {
        return fail(errc::invalid_argument,
                    "Route 53: the region is empty; it is us-east-1 for the usual endpoint");
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<route53>(world, std::move(settings));
}

} // namespace evercert::solvers
