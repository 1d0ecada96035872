#include "solvers/dns01/desec.hpp"

#include "core/json/writer.hpp"
#include "solvers/dns01/api_provider.hpp"
#include "solvers/dns01/api_text.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

api_service service_of(const desec_settings& settings) {
    return token_service("deSEC", "a token policy that lets it write TXT records of the domain",
                         settings.token, settings.timing, "Token");
}

class desec final : public zoned_provider {
public:
    desec(const api_world& world, desec_settings settings)
        : zoned_provider(world, service_of(settings)), settings_(std::move(settings)) {
        fix_zone(settings_.zone);
    }

private:
    /// The service says which of our domains is responsible for a name.
    awaitable<result<std::optional<api_zone>>> find_zone(api_operation& op, std::string name) override {
        auto request =
            make_request("GET", fmt::format("{}/domains/?owns_qname={}", settings_.endpoint, name));
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "looking for the domain"));
        }
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        if (!document->is_array()) {
            co_return fail(op.odd(error(errc::protocol, "a list of domains was expected"), *answer));
        }
        const auto list = document->elements();
        if (list.empty()) {
            co_return std::optional<api_zone>();
        }
        auto found = read_domain(list.front());
        if (!found || !lies_in(name, found->name)) {
            const error why =
                found ? error(errc::protocol, "the domain does not hold the name") : found.error();
            co_return fail(op.odd(why, *answer));
        }
        co_return std::optional<api_zone>(std::move(*found));
    }

    awaitable<result<std::optional<api_zone>>> look_up(api_operation& op, std::string name) override {
        auto request = make_request("GET", fmt::format("{}/domains/{}/", settings_.endpoint, name));
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
        auto document = op.parse(*answer);
        if (!document) {
            co_return fail(std::move(document.error()));
        }
        auto found = read_domain(*document);
        if (!found) {
            co_return fail(op.odd(found.error(), *answer));
        }
        found->name = std::move(name);
        co_return std::optional<api_zone>(std::move(*found));
    }

    static result<api_zone> read_domain(const json::value& domain) {
        api_zone out;
        auto name = domain.string("name");
        const auto lowest = domain.optional_integer("minimum_ttl");
        if (!name || !lowest) {
            return fail(!name ? name.error() : lowest.error());
        }
        if (auto good = check_name(*name); !good) {
            return fail(std::move(good.error()));
        }
        out.name = std::move(*name);
        out.lowest_ttl = lowest->value_or(0);
        return out;
    }

    /// What the set of the name holds; nullopt if there is no set.
    awaitable<result<std::optional<std::vector<std::string>>>> values(api_operation& op, const api_zone& zone,
                                                                      std::string relative) {
        using found = std::optional<std::vector<std::string>>;
        auto request = make_request("GET", fmt::format("{}{}/TXT/", sets(zone), relative));
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
        auto records = document->strings("records");
        if (!records) {
            co_return fail(op.odd(records.error(), *answer));
        }
        co_return found(std::move(*records));
    }

    /// PATCH of a list makes, changes and, with no records, removes a set.
    awaitable<result<void>> write(api_operation& op, const api_zone& zone, std::string relative,
                                  std::vector<std::string> records, bool is_new) {
        json::writer body;
        body.begin_array().begin_object().member("subname", relative == "@" ? "" : relative.c_str());
        body.member("type", "TXT");
        if (is_new) {
            body.member("ttl", std::max<std::int64_t>(settings_.ttl, zone.lowest_ttl));
        }
        body.member("records", records).end_object().end_array();
        auto request = make_request("PATCH", sets(zone), body.text());
        auto answer = co_await op.call(std::move(request));
        if (!answer) {
            co_return fail(std::move(answer.error()));
        }
        if (!is_success(*answer)) {
            co_return fail(op.refusal(*answer, "writing the record set"));
        }
        co_return result<void>();
    }

    awaitable<result<void>> put_in(api_operation& op, const api_zone& zone, const txt_task& task) override {
        const std::string relative = relative_name(task.target, zone.name);
        auto have = co_await values(op, zone, relative);
        if (!have) {
            co_return fail(std::move(have.error()));
        }
        const bool is_new = !*have;
        auto records = have->value_or(std::vector<std::string>());
        if (any_same_txt(records, task.value)) {
            co_return result<void>();
        }
        records.push_back(quote_txt(task.value));
        co_return co_await write(op, zone, relative, std::move(records), is_new);
    }

    awaitable<result<void>> take_from(api_operation& op, const api_zone& zone,
                                      const txt_task& task) override {
        const std::string relative = relative_name(task.target, zone.name);
        auto have = co_await values(op, zone, relative);
        if (!have) {
            co_return fail(std::move(have.error()));
        }
        auto records = have->value_or(std::vector<std::string>());
        const auto gone =
            std::erase_if(records, [&](const auto& each) { return same_txt(each, task.value); });
        if (gone == 0) {
            co_return result<void>();
        }
        co_return co_await write(op, zone, relative, std::move(records), false);
    }

    [[nodiscard]] std::string sets(const api_zone& zone) const {
        return fmt::format("{}/domains/{}/rrsets/", settings_.endpoint, zone.name);
    }

    desec_settings settings_;
};

} // namespace

result<std::unique_ptr<dns_provider>> make_desec(const api_world& world, desec_settings settings) {
    auto endpoint = check_token_settings("deSEC", settings.endpoint, settings.token, settings.zone);
    if (!endpoint) {
        return fail(std::move(endpoint.error()));
    }
    settings.endpoint = std::move(*endpoint);
    return std::make_unique<desec>(world, std::move(settings));
}

} // namespace evercert::solvers
