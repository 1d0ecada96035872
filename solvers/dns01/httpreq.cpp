#include "solvers/dns01/httpreq.hpp"

#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

namespace evercert::solvers {

namespace {

api_service service_of(const httpreq_settings& settings) {
    api_service out;
    out.name = "the httpreq service";
    out.secret_is = "password";
    out.permission = "to be let in by the service";
    out.secret = settings.password;
    out.one_line = false; // a password may have spaces
    out.timing = settings.timing;
    out.allow_http = is_plain_http(settings.endpoint);
    if (!settings.password.empty()) {
        out.authorize = [user = settings.user](http_request& request, std::string_view secret) {
            request.headers.emplace_back("Authorization", basic_authorization(user, secret));
            return result<void>();
        };
    }
    return out;
}

class httpreq final : public api_provider {
public:
    httpreq(const api_world& world, httpreq_settings settings)
        : api_provider(world, service_of(settings)), settings_(std::move(settings)) {}

    [[nodiscard]] bool wants_target() const noexcept override { return !settings_.raw; }

private:
    result<void> check(const txt_task& task) const override {
        return settings_.raw ? check_name(task.domain) : api_provider::check(task);
    }
    [[nodiscard]] std::string name_of(const txt_task& task) const override {
        return settings_.raw ? task.domain : task.target;
    }

    awaitable<result<void>> put(api_operation& op, const txt_task& task) override {
        return post(op, "present", body_of(task));
    }
    awaitable<result<void>> take(api_operation& op, const txt_task& task) override {
        return post(op, "cleanup", body_of(task));
    }

    awaitable<result<void>> post(api_operation& op, std::string what, std::string body) {
        auto request = make_request("POST", fmt::format("{}/{}", settings_.endpoint, what), std::move(body));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "POST /" + what));
        }
        co_return result<void>();
    }

    [[nodiscard]] std::string body_of(const txt_task& task) const {
        json::writer body;
        body.begin_object();
        if (settings_.raw) {
            body.member("domain", task.domain).member("token", task.token);
            body.member("keyAuth", task.key_authorization);
        } else {
            body.member("fqdn", task.target + ".").member("value", task.value);
        }
        body.end_object();
        return body.text();
    }

    httpreq_settings settings_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_httpreq(const api_world& world, httpreq_settings settings) {
    auto endpoint = check_endpoint(settings.endpoint, settings.allow_http);
    if (!endpoint) {
        return fail(endpoint.error().within("httpreq"));
    }
    if (settings.user.empty() != settings.password.empty()) {
        return fail(errc::invalid_argument,
                    "httpreq: a user and a password belong together: give both, or none");
    }
    if (settings.user.find(':') != std::string::npos) {
        return fail(errc::invalid_argument, "httpreq: a user's name must not hold a colon");
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<httpreq>(world, std::move(settings));
}

} // namespace evercert::solvers
