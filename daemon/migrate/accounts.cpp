#include "daemon/migrate/accounts.hpp"

#include "core/base/text.hpp"
#include "core/crypto/jwk.hpp"
#include "core/crypto/secret.hpp"
#include "core/json/value.hpp"
#include "core/net/url.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace evercert::daemon {
namespace {

constexpr std::size_t largest_record = 64 * 1024;
constexpr std::string_view mail = "mailto:";

/// "accounts/acme-v02.api.letsencrypt.org/directory"; nullopt if the server could lead elsewhere.
std::optional<std::string> folder_of(std::string_view server) {
    const auto scheme = server.find("://");
    if (scheme == server.npos) {
        return std::nullopt;
    }
    std::string folder = "accounts";
    for (std::string_view rest = server.substr(scheme + 3); !rest.empty();) {
        const auto slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        if (!part.empty() && !is_plain_component(part)) {
            return std::nullopt;
        }
        folder += part.empty() ? "" : "/" + std::string(part);
        rest.remove_prefix(slash == rest.npos ? rest.size() : slash + 1);
    }
    return folder;
}

/// A URL that this CA could have given: of another host it is one of ACME's first version.
std::string url_at(std::string_view server, const std::string& uri) {
    const auto wanted = net::parse_url(server);
    const auto given = net::parse_url(uri);
    return wanted && given && given->secure && given->host == wanted->host ? uri : std::string();
}

std::vector<std::string> emails_of(const json::value& registration) {
    std::vector<std::string> emails;
    const auto body = registration.optional_object("body");
    const auto contacts = body && *body ? (*body)->optional_strings("contact") : std::vector<std::string>();
    for (const std::string& each : contacts.value_or(std::vector<std::string>())) {
        if (each.starts_with(mail)) {
            emails.push_back(each.substr(mail.size()));
        }
    }
    return emails;
}

} // namespace

result<crypto::key> key_from_jwk_text(std::string_view text) {
    const auto parsed = json::parse(text, largest_record);
    if (!parsed || !parsed->is_object()) {
        return fail(errc::corrupted, "it is no JSON object");
    }
    crypto::private_jwk jwk;
    for (const auto& [member, into] : {std::pair{"kty", &jwk.kty},
                                       {"crv", &jwk.crv},
                                       {"n", &jwk.n},
                                       {"e", &jwk.e},
                                       {"p", &jwk.p},
                                       {"q", &jwk.q},
                                       {"dp", &jwk.dp},
                                       {"dq", &jwk.dq},
                                       {"qi", &jwk.qi},
                                       {"x", &jwk.x},
                                       {"y", &jwk.y},
                                       {"d", &jwk.d}}) {
        auto value = parsed->optional_string(member);
        if (!value) {
            return fail(errc::corrupted, fmt::format("its member \"{}\" is no text", member));
        }
        if (*value) {
            *into = std::move(**value);
        }
    }
    return crypto::key_from_jwk(jwk);
}

namespace {

/// Let's Encrypt had other directories once, whose accounts certbot goes on using: the earlier one, or empty.
std::string_view earlier_server(std::string_view server) {
    return server == "https://acme-v02.api.letsencrypt.org/directory"
               ? "https://acme-v01.api.letsencrypt.org/directory"
           : server == "https://acme-staging-v02.api.letsencrypt.org/directory"
               ? "https://acme-staging.api.letsencrypt.org/directory"
               : "";
}

/// `under`: the server by whose name the account is kept.
result<certbot_account> read_account_under(const certbot_tree& tree, std::string_view under,
                                           std::string_view server, std::string_view id) {
    const auto folder = folder_of(under);
    if (!folder) {
        return fail(errc::refused, "the server's URL cannot name a folder of accounts");
    }
    std::string wanted(id);
    if (wanted.empty()) {
        const std::vector<std::string> all = tree.list(*folder);
        if (all.size() != 1) {
            return fail(errc::not_found,
                        fmt::format("{} holds {} accounts, and nothing says which one is meant",
                                    escape(tree.absolute(*folder), 300), all.size()));
        }
        wanted = all.front();
    }
    if (!is_plain_component(wanted)) {
        return fail(errc::refused, fmt::format("\"{}\" is no name of an account", escape(wanted, 100)));
    }
    const std::string place = *folder + "/" + wanted;
    auto key_text = tree.read(place + "/private_key.json", largest_record);
    if (!key_text) {
        return fail(std::move(key_text.error()));
    }
    const crypto::secret kept(std::move(*key_text));
    auto key = key_from_jwk_text(kept.view());
    if (!key) {
        return fail(key.error().within(escape(tree.absolute(place + "/private_key.json"), 300)));
    }
    certbot_account found{wanted, {}, {}, std::move(*key)};
    // Without a URL the CA is asked for the account by its key.
    const auto registration = tree.read(place + "/regr.json", largest_record);
    if (const auto parsed = registration ? json::parse(*registration) : fail(errc::not_found, "")) {
        if (const auto uri = parsed->optional_string("uri"); uri && *uri) {
            found.url = url_at(server, **uri);
        }
        found.emails = emails_of(*parsed);
    }
    const auto meta = tree.read(place + "/meta.json", largest_record);
    if (const auto parsed = meta ? json::parse(*meta) : fail(errc::not_found, "");
        parsed && found.emails.empty()) {
        if (const auto email = parsed->optional_string("register_to_eff"); email && *email) {
            found.emails.push_back(**email);
        }
    }
    return found;
}

} // namespace

result<certbot_account> read_account(const certbot_tree& tree, std::string_view server, std::string_view id) {
    auto found = read_account_under(tree, server, server, id);
    const std::string_view earlier = earlier_server(server);
    if (!found && found.error().code == errc::not_found && !earlier.empty()) {
        if (auto older = read_account_under(tree, earlier, server, id)) {
            return older;
        }
    }
    return found;
}

} // namespace evercert::daemon
