#include "core/acme/authorization.hpp"

#include "core/acme/json_read.hpp"
#include "core/acme/token.hpp"
#include "core/acme/url_policy.hpp"

#include <algorithm>
#include <array>

namespace evercert::acme {
namespace {

constexpr std::size_t most_challenges = 64;
constexpr std::size_t most_issuer_domains = 10; // draft-ietf-acme-dns-persist
constexpr std::size_t longest_domain = 253;
constexpr std::string_view standing_record = "dns-persist-01";

constexpr std::array<std::pair<std::string_view, authorization_status>, 6> authorization_words{{
    {"pending", authorization_status::pending},
    {"valid", authorization_status::valid},
    {"invalid", authorization_status::invalid},
    {"deactivated", authorization_status::deactivated},
    {"expired", authorization_status::expired},
    {"revoked", authorization_status::revoked},
}};

constexpr std::array<std::pair<std::string_view, challenge_status>, 4> challenge_words{{
    {"pending", challenge_status::pending},
    {"processing", challenge_status::processing},
    {"valid", challenge_status::valid},
    {"invalid", challenge_status::invalid},
}};

template <class Words>
auto value_of(const Words& words, std::string_view word) noexcept {
    const auto found = std::ranges::find(words, word, [](const auto& entry) { return entry.first; });
    using status = std::remove_cvref_t<decltype(words[0].second)>;
    return found == words.end() ? status::unknown : found->second;
}

template <class Words, class Status>
std::string_view word_of(const Words& words, Status status) noexcept {
    const auto found = std::ranges::find(words, status, [](const auto& entry) { return entry.second; });
    return found == words.end() ? std::string_view("unknown") : found->first;
}

result<identifier> read_name(const json::value& object) {
    const auto member = object.object("identifier");
    if (!member) {
        return fail(member.error());
    }
    const auto type = member->string("type");
    const auto value = member->string("value");
    if (!type || !value) {
        return fail(errc::protocol, "identifier: without type and value");
    }
    auto name = parse_identifier(*value, true);
    if (!name || name->type_name() != *type) {
        return fail(errc::protocol, "identifier: no name we know", *value);
    }
    const auto wildcard = object.optional_boolean("wildcard");
    if (wildcard && wildcard->value_or(false) && name->type == identifier::kind::dns && !name->wildcard()) {
        name->value.insert(0, "*.");
    }
    return name;
}

/// Both spellings: of drafts 00 and 01, and from draft 02 on.
std::vector<std::string> read_issuer_domains(const json::value& object) {
    std::vector<std::string> names;
    for (const std::string_view member : {"issuer-domain-names", "issuerDomainNames"}) {
        const auto list = object.optional_strings(member);
        if (!list) {
            continue;
        }
        for (const std::string& each : *list) {
            if (!each.empty() && each.size() <= longest_domain && names.size() < most_issuer_domains) {
                names.push_back(each);
            }
        }
    }
    return names;
}

} // namespace

std::string_view to_string(authorization_status status) noexcept {
    return word_of(authorization_words, status);
}
std::string_view to_string(challenge_status status) noexcept {
    return word_of(challenge_words, status);
}

bool challenge::answerable() const noexcept {
    return type == standing_record ? !issuer_domains.empty() : !token.empty();
}

const problem* authorization::trouble() const noexcept {
    const auto found =
        std::ranges::find_if(challenges, [](const challenge& c) { return c.trouble.has_value(); });
    return found == challenges.end() ? nullptr : &*found->trouble;
}

const challenge* authorization::by_url(std::string_view url) const noexcept {
    const auto found = std::ranges::find(challenges, url, &challenge::url);
    return found == challenges.end() ? nullptr : &*found;
}

std::string authorization::offered() const {
    std::string list;
    for (const auto& one : challenges) {
        list += (list.empty() ? "" : ", ") + one.type;
    }
    return list;
}

result<challenge> parse_challenge(const json::value& object, std::string_view directory_url) {
    const auto wrong = [](const error& cause) {
        return fail(errc::protocol, "the CA's challenge object: " + cause.message, cause.foreign);
    };
    challenge got;
    got.type = text_or_empty(object, "type", 64);
    if (got.type.empty()) {
        return wrong(error(errc::protocol, "type: missing"));
    }
    const auto url = object.string("url");
    if (!url) {
        return wrong(url.error());
    }
    auto accepted = accept_url(*url, directory_url);
    if (!accepted) {
        return wrong(accepted.error());
    }
    got.url = std::move(*accepted);
    const auto word = object.optional_string("status");
    if (!word) {
        return wrong(word.error());
    }
    if (*word) {
        got.status = value_of(challenge_words, **word);
    }
    const auto token = object.optional_string("token");
    if (token && *token && good_token(**token)) {
        got.token = **token;
    } else {
        got.bad_token = !token || *token;
    }
    if (got.type == standing_record) {
        got.issuer_domains = read_issuer_domains(object);
    }
    if (const auto trouble = object.optional_object("error"); trouble && *trouble) {
        got.trouble = read_problem(**trouble, 0);
    }
    return got;
}

result<authorization> parse_authorization(const json::value& object, std::string_view directory_url) {
    const auto wrong = [](const error& cause) {
        return fail(errc::protocol, "the CA's authorization object: " + cause.message, cause.foreign);
    };
    authorization got;
    const auto word = object.string("status");
    if (!word) {
        return wrong(word.error());
    }
    got.status = value_of(authorization_words, *word);
    auto name = read_name(object);
    if (!name) {
        return wrong(name.error());
    }
    got.name = std::move(*name);
    const auto list = object.optional_array("challenges");
    if (!list) {
        return wrong(list.error());
    }
    for (const auto& item : *list) {
        if (got.challenges.size() == most_challenges) {
            break;
        }
        if (auto one = parse_challenge(item, directory_url)) {
            got.challenges.push_back(std::move(*one));
        }
    }
    got.expires = time_or_none(object, "expires");
    return got;
}

std::string deactivation_payload() {
    return R"({"status":"deactivated"})";
}

} // namespace evercert::acme
