#include "core/acme/problem.hpp"

#include "core/acme/json_read.hpp"
#include "core/acme/retry_after.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::acme {
namespace {

constexpr std::size_t most_subproblems = 100;
constexpr std::size_t longest_excerpt = 300;

std::string short_type(std::string uri) {
    for (const std::string_view prefix : {"urn:ietf:params:acme:error:", "urn:acme:error:"}) {
        if (uri.starts_with(prefix)) {
            return uri.substr(prefix.size());
        }
    }
    return uri == "about:blank" ? std::string() : uri;
}

std::optional<identifier> named(const json::value& object) {
    const auto member = object.optional_object("identifier");
    if (!member || !*member) {
        return std::nullopt;
    }
    auto parsed = parse_identifier(text_or_empty(**member, "value", 300), true);
    return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

bool json_media_type(std::string_view field) {
    const std::string type = to_lower_ascii(trim(field.substr(0, field.find(';'))));
    return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

} // namespace

std::string_view to_string(step where) noexcept {
    switch (where) {
    case step::directory:
        return "directory";
    case step::nonce:
        return "nonce";
    case step::account:
        return "account";
    case step::new_order:
        return "new_order";
    case step::authorization:
        return "authorization";
    case step::challenge:
        return "challenge";
    case step::finalize:
        return "finalize";
    case step::order:
        return "order";
    case step::certificate:
        return "certificate";
    case step::revocation:
        return "revocation";
    case step::key_change:
        return "key_change";
    case step::renewal_info:
        return "renewal_info";
    }
    return "unknown";
}

problem read_problem(const json::value& object, int http_status) {
    problem said;
    said.type = short_type(text_or_empty(object, "type", 256));
    said.title = text_or_empty(object, "title", 1024);
    said.detail = text_or_empty(object, "detail");
    said.instance = link_or_empty(object, "instance");
    const auto status = object.optional_integer("status");
    const bool usable = status && *status && **status >= 100 && **status <= 599;
    said.status = usable ? static_cast<int>(**status) : http_status;
    if (const auto list = object.optional_array("subproblems")) {
        for (const auto& item : *list) {
            if (said.subproblems.size() == most_subproblems) {
                break;
            }
            problem::sub part;
            part.type = short_type(text_or_empty(item, "type", 256));
            part.detail = text_or_empty(item, "detail", 1024);
            part.name = named(item);
            if (!part.type.empty() || !part.detail.empty()) {
                said.subproblems.push_back(std::move(part));
            }
        }
    }
    if (auto names = object.optional_strings("algorithms"); names && names->size() <= 32) {
        said.algorithms = std::move(*names);
    }
    return said;
}

std::optional<problem> parse_problem(std::string_view body, int http_status) {
    const auto object = json::parse(body, 256 * 1024);
    if (!object || !object->is_object()) {
        return std::nullopt;
    }
    problem said = read_problem(*object, http_status);
    if (said.type.empty() && said.title.empty() && said.detail.empty() && said.subproblems.empty()) {
        return std::nullopt;
    }
    return said;
}

std::string_view type_word(const problem& said) noexcept {
    const bool plain =
        !said.type.empty() && said.type.size() <= 64 && std::ranges::all_of(said.type, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        });
    return plain ? std::string_view(said.type) : std::string_view("an unnamed problem");
}

std::string foreign_text(const problem& said) {
    std::string text = said.detail.empty() ? said.title : said.detail;
    if (!said.type.empty()) {
        text = text.empty() ? said.type : said.type + ": " + text;
    }
    for (const auto& part : said.subproblems) {
        text += fmt::format("; {}{}{}", part.name ? part.name->value + ": " : "", part.type,
                            part.detail.empty() ? "" : " (" + part.detail + ")");
        if (text.size() > 2000) {
            break;
        }
    }
    return text;
}

failure refusal(step where, const http_response& answer, wall_time now) {
    const int status = static_cast<int>(answer.status);
    failure what(where,
                 error(errc::refused, fmt::format("the CA answered {} ({} step)", status, to_string(where))));
    what.http_status = status;
    what.said = parse_problem(answer.body, status);
    const auto wait = parse_retry_after(answer.header("Retry-After"), now);
    if (wait && *wait > milliseconds(0)) {
        what.retry_after = wait;
    }
    if (what.said) {
        what.cause.message =
            fmt::format("the CA answered {} {} ({} step)", status, type_word(*what.said), to_string(where));
        what.cause.foreign = foreign_text(*what.said);
    } else {
        what.cause.foreign = answer.body.substr(0, longest_excerpt);
    }
    return what;
}

outcome<json::value> read_object(step where, const http_response& answer) {
    const auto wrong = [&](std::string message, errc code) {
        failure what(where, error(code, std::move(message), answer.body.substr(0, longest_excerpt)));
        what.http_status = static_cast<int>(answer.status);
        return std::unexpected(std::move(what));
    };
    const auto type = answer.header("Content-Type");
    if (!type.empty() && !json_media_type(type)) {
        return wrong(
            fmt::format("the CA answered {} with something that is not JSON by its own label ({} step); "
                        "is a proxy or a portal in between?",
                        answer.status, to_string(where)),
            errc::protocol);
    }
    auto parsed = json::parse(answer.body, 256 * 1024);
    if (!parsed) {
        return wrong(fmt::format("the CA answered {} with unreadable JSON ({} step): {}", answer.status,
                                 to_string(where), parsed.error().message),
                     errc::protocol);
    }
    if (!parsed->is_object()) {
        return wrong(fmt::format("the CA answered {} with JSON that is no object ({} step)", answer.status,
                                 to_string(where)),
                     errc::protocol);
    }
    return *parsed;
}

} // namespace evercert::acme
