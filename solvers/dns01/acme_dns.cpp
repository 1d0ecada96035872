#include "solvers/dns01/acme_dns.hpp"

#include "core/base/text.hpp"
#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

constexpr std::size_t kept_values = 2;
constexpr std::size_t value_size = 43;                ///< the server takes no other
constexpr std::size_t largest_file = 4 * 1024 * 1024; ///< thousands of accounts
constexpr milliseconds between_looks = seconds(1);
constexpr int most_rounds = 4;

api_service service_of(const acme_dns_settings& settings) {
    api_service out;
    out.name = "acme-dns";
    out.secret_is = "account";
    out.permission = "an `allowfrom` that has our address";
    out.secret = settings.accounts;
    out.one_line = false;
    out.longest_secret = largest_file;
    out.timing = settings.timing;
    return out;
}

struct account {
    std::string server; ///< without final slash
    std::string target;
    std::string subdomain;
    std::string user;
    crypto::secret password;
};

bool visible(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

class acme_dns final : public api_provider {
public:
    acme_dns(const api_world& world, acme_dns_settings settings)
        : api_provider(world, service_of(settings)), settings_(std::move(settings)) {}

    /// Nothing is asked of the server; the place is free for another value.
    awaitable<result<void>> remove(txt_task task) override {
        const auto at = written_.find(task.target);
        if (at != written_.end()) {
            std::erase_if(at->second, [&](const entry& each) { return each.value == task.value; });
            if (at->second.empty()) {
                written_.erase(at);
            }
        }
        co_return result<void>();
    }

private:
    struct entry {
        std::string value;
        bool certain = false; ///< the server has said so
    };

    result<void> check(const txt_task& task) const override {
        if (task.value.size() != value_size) {
            return fail(errc::unsupported,
                        "acme-dns takes only the values of dns-01, which have 43 characters");
        }
        return api_provider::check(task);
    }

    awaitable<result<void>> put(api_operation& op, const txt_task& task) override {
        auto to = account_for(op, task);
        if (!to) {
            co_return fail(std::move(to.error()));
        }
        op.hide(to->password.view());
        if (has(task, true)) {
            co_return result<void>(); // once more would drive out the other value
        }
        while (!has(task, false) && values_of(task).size() >= kept_values) {
            op.leave_queue();
            auto waited = co_await op.pause(
                between_looks, "one of the two values was no longer needed that acme-dns keeps of this name");
            if (waited) {
                waited = co_await op.queue_again();
            }
            if (!waited) {
                co_return waited;
            }
        }
        if (!has(task, false)) {
            entry made;
            made.value = task.value;
            written_[task.target].push_back(
                std::move(made)); // before it is sent: it may arrive whatever we hear
        }
        co_return co_await write(op, *to, task);
    }

    awaitable<result<void>> take(api_operation&, const txt_task&) override { co_return result<void>(); }

    /// Each write drives out the older of the two values. After an exchange that broke nobody knows whether
    /// it was done, so that one more may have driven out the other value: then that is written again, and so
    /// on.
    awaitable<result<void>> write(api_operation& op, const account& to, const txt_task& task) {
        std::string value = task.value;
        for (int round = 0; round < most_rounds; ++round) {
            auto done = co_await send(op, to, value);
            if (!done) {
                co_return done;
            }
            const bool again = op.uncertain();
            if (auto* own = find(task.target, value); own != nullptr) {
                own->certain = true;
            }
            const std::string other = other_than(task.target, value);
            if (!again || other.empty()) {
                co_return result<void>();
            }
            value = other;
        }
        co_return fail(errc::network,
                       "the connection broke so often that it is not known what acme-dns holds now");
    }

    awaitable<result<void>> send(api_operation& op, const account& to, std::string value) {
        json::writer body;
        body.begin_object().member("subdomain", to.subdomain).member("txt", value).end_object();
        auto request = make_request("POST", to.server + "/update", body.text());
        request.allow_http = is_plain_http(to.server);
        request.headers.emplace_back("X-Api-User", to.user);
        request.headers.emplace_back("X-Api-Key", std::string(to.password.view()));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "updating the record"));
        }
        co_return result<void>();
    }

    result<account> account_for(const api_operation& op, const txt_task& task) const {
        const std::string& place = service().secret.place();
        auto document = json::parse(op.secret(), largest_file);
        if (!document) {
            return fail(errc::parse, fmt::format("{} is no JSON: {}", place, document.error().message));
        }
        auto found = document->string("username") ? result<std::optional<json::value>>(*document)
                                                  : document->optional_object(task.domain);
        if (!found || !*found) {
            return fail(
                errc::not_found,
                fmt::format(
                    "{} has no account for {}: register one at the acme-dns server (POST /register), put "
                    "its answer there under \"{}\", and let _acme-challenge.{} be a CNAME to its "
                    "`fulldomain`",
                    place, task.domain, task.domain, task.domain));
        }
        auto out = read_account(**found);
        if (!out) {
            return fail(out.error().within(fmt::format("the account for {} in {}", task.domain, place)));
        }
        if (out->target != task.target) {
            const bool none = task.target == task.record;
            return fail(errc::invalid_argument,
                        fmt::format("{} {}: set this record in your DNS, once: {}. CNAME {}.", task.record,
                                    none ? "is no CNAME yet" : "leads to another place, " + task.target,
                                    task.record, out->target));
        }
        return out;
    }

    result<account> read_account(const json::value& stored) const {
        account out;
        auto user = stored.string("username");
        auto password = stored.string("password");
        auto full = stored.string("fulldomain");
        auto subdomain = stored.string("subdomain");
        for (const auto* each : {&user, &password, &full, &subdomain}) {
            if (!*each) {
                return fail(each->error());
            }
        }
        if (!visible(*user) || !visible(*password)) {
            return fail(errc::invalid_argument,
                        "the username or the password holds what none of acme-dns does");
        }
        std::string server = settings_.endpoint;
        if (server.empty()) {
            server = stored.string("server_url").value_or("");
            if (server.empty()) {
                return fail(errc::invalid_argument,
                            "it has no server_url, and the configuration no endpoint");
            }
            auto checked = check_endpoint(server, settings_.allow_http);
            if (!checked) {
                return fail(std::move(checked.error()));
            }
            server = std::move(*checked);
        }
        out.server = std::move(server);
        out.target = to_lower_ascii(*full);
        if (out.target.ends_with('.')) {
            out.target.pop_back();
        }
        out.subdomain = std::move(*subdomain);
        out.user = std::move(*user);
        out.password = crypto::secret(std::move(*password));
        return out;
    }

    [[nodiscard]] std::vector<entry> values_of(const txt_task& task) const {
        const auto at = written_.find(task.target);
        return at == written_.end() ? std::vector<entry>() : at->second;
    }
    entry* find(const std::string& target, const std::string& value) {
        const auto at = written_.find(target);
        if (at == written_.end()) {
            return nullptr;
        }
        const auto own = std::find_if(at->second.begin(), at->second.end(),
                                      [&](const entry& each) { return each.value == value; });
        return own == at->second.end() ? nullptr : &*own;
    }
    bool has(const txt_task& task, bool certain) {
        const auto* own = find(task.target, task.value);
        return own != nullptr && (own->certain || !certain);
    }
    [[nodiscard]] std::string other_than(const std::string& target, const std::string& value) const {
        const auto at = written_.find(target);
        if (at != written_.end()) {
            for (const auto& each : at->second) {
                if (each.value != value) {
                    return each.value;
                }
            }
        }
        return {};
    }

    acme_dns_settings settings_;
    std::unordered_map<std::string, std::vector<entry>> written_; ///< by where CNAMEs lead
};

} // namespace

result<std::unique_ptr<dns_provider>> make_acme_dns(const api_world& world, acme_dns_settings settings) {
    if (settings.accounts.empty()) {
        return fail(errc::invalid_argument, "acme-dns: no file or credential with the accounts is named");
    }
    if (!settings.endpoint.empty()) {
        auto endpoint = check_endpoint(settings.endpoint, settings.allow_http);
        if (!endpoint) {
            return fail(endpoint.error().within("acme-dns"));
        }
        settings.endpoint = std::move(*endpoint);
    }
    return std::make_unique<acme_dns>(world, std::move(settings));
}

} // namespace evercert::solvers
