#include "core/acme/order.hpp"

#include "core/acme/json_read.hpp"
#include "core/acme/url_policy.hpp"
#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/json/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::acme {
namespace {

// More names than any CA puts on one certificate.
constexpr std::size_t most_names = 1000;
constexpr std::size_t longest_profile = 256;

constexpr std::array<std::pair<std::string_view, order_status>, 5> words{{
    {"pending", order_status::pending},
    {"ready", order_status::ready},
    {"processing", order_status::processing},
    {"valid", order_status::valid},
    {"invalid", order_status::invalid},
}};

order_status status_of(std::string_view word) noexcept {
    const auto found = std::ranges::find(words, word, [](const auto& entry) { return entry.first; });
    return found == words.end() ? order_status::unknown : found->second;
}

template <class T>
void sort_and_unify(std::vector<T>& values) {
    std::ranges::sort(values);
    const auto rest = std::ranges::unique(values);
    values.erase(rest.begin(), rest.end());
}

result<std::vector<identifier>> read_names(const json::value& object) {
    const auto list = object.array("identifiers");
    if (!list) {
        return fail(list.error());
    }
    if (list->size() > most_names) {
        return fail(errc::protocol, fmt::format("identifiers: {} of them", list->size()));
    }
    std::vector<identifier> names;
    for (const auto& item : *list) {
        const auto type = item.string("type");
        const auto value = item.string("value");
        if (!type || !value) {
            return fail(errc::protocol, "identifiers: an entry without type and value");
        }
        auto name = parse_identifier(*value, true);
        if (!name || name->type_name() != *type) {
            return fail(errc::protocol, "identifiers: an entry that is no name we know", *value);
        }
        names.push_back(std::move(*name));
    }
    sort_and_unify(names);
    return names;
}

result<std::string> optional_url(const json::value& object, std::string_view member, std::string_view base) {
    const auto text = object.optional_string(member);
    if (!text) {
        return fail(text.error());
    }
    if (!*text) {
        return std::string();
    }
    auto url = accept_url(**text, base);
    return url ? std::move(url) : fail(url.error().within(member));
}

} // namespace

std::string_view to_string(order_status status) noexcept {
    const auto found = std::ranges::find(words, status, [](const auto& entry) { return entry.second; });
    return found == words.end() ? std::string_view("unknown") : found->first;
}

result<order> parse_order(const json::value& object, std::string_view directory_url) {
    const auto wrong = [](const error& cause) {
        return fail(errc::protocol, "the CA's order object: " + cause.message, cause.foreign);
    };
    order got;
    const auto word = object.string("status");
    if (!word) {
        return wrong(word.error());
    }
    got.status = status_of(*word);

    auto names = read_names(object);
    if (!names) {
        return wrong(names.error());
    }
    got.names = std::move(*names);

    const auto urls = object.optional_strings("authorizations");
    if (!urls) {
        return wrong(urls.error());
    }
    if (urls->size() > most_names) {
        return wrong(error(errc::protocol, fmt::format("authorizations: {} of them", urls->size())));
    }
    for (const auto& text : *urls) {
        auto url = accept_url(text, directory_url);
        if (!url) {
            return wrong(url.error().within("authorizations"));
        }
        got.authorizations.push_back(std::move(*url));
    }
    sort_and_unify(got.authorizations);

    auto finalize = optional_url(object, "finalize", directory_url);
    if (!finalize) {
        return wrong(finalize.error());
    }
    got.finalize = std::move(*finalize);
    auto certificate = optional_url(object, "certificate", directory_url);
    if (!certificate) {
        return wrong(certificate.error());
    }
    got.certificate = std::move(*certificate);

    got.expires = time_or_none(object, "expires");
    got.profile = text_or_empty(object, "profile", longest_profile);
    if (const auto trouble = object.optional_object("error"); trouble && *trouble) {
        got.trouble = read_problem(**trouble, 0);
    }
    return got;
}

result<void> check_names(const order& got, const std::vector<identifier>& asked) {
    std::vector<identifier> ours = asked;
    sort_and_unify(ours);
    if (ours == got.names) {
        return {};
    }
    std::string theirs;
    for (const auto& name : got.names) {
        theirs += (theirs.empty() ? "" : ", ") + name.value;
    }
    return fail(errc::protocol, "the CA's order is for other names than were asked", std::move(theirs));
}

result<void> check_profile(const order& got, std::string_view asked) {
    if (asked.empty() || got.profile.empty() || got.profile == asked) {
        return {};
    }
    return fail(errc::refused,
                fmt::format("the CA made the order with another profile than '{}', which was asked for",
                            escape(asked, longest_profile)),
                got.profile);
}

std::string new_order_payload(const std::vector<identifier>& names, std::string_view profile,
                              std::string_view replaces) {
    json::writer out;
    out.begin_object().key("identifiers").begin_array();
    for (const auto& name : names) {
        out.begin_object().member("type", name.type_name()).member("value", name.value).end_object();
    }
    out.end_array();
    if (!profile.empty()) {
        out.member("profile", profile);
    }
    if (!replaces.empty()) {
        out.member("replaces", replaces);
    }
    out.end_object();
    return out.text();
}

std::string finalize_payload(std::string_view csr_der) {
    json::writer out;
    out.begin_object().member("csr", crypto::base64url(csr_der)).end_object();
    return out.text();
}

} // namespace evercert::acme
