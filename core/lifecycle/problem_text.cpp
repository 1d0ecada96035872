#include "core/lifecycle/problem_text.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/problem_class.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace evercert::lifecycle {
namespace {

using acme::failure;
using acme::step;

constexpr std::size_t most_links = 2;
constexpr std::size_t longest_link = 1500;
constexpr std::string_view mend_mark = ". What to do: ";
constexpr std::string_view link_mark = ". See: ";

std::string_view words_of(step where) noexcept {
    switch (where) {
    case step::directory:
        return "asking the CA for its directory";
    case step::nonce:
        return "asking the CA for a nonce";
    case step::account:
        return "opening the account";
    case step::new_order:
        return "asking for an order";
    case step::authorization:
        return "looking at what has to be proven";
    case step::challenge:
        return "proving control";
    case step::finalize:
        return "asking for the certificate";
    case step::order:
        return "looking after the order";
    case step::certificate:
        return "taking the certificate in";
    case step::revocation:
        return "revoking";
    case step::key_change:
        return "changing the account key";
    case step::renewal_info:
        return "asking when to renew";
    }
    return "talking to the CA";
}

/// What a type means where the CA tried to reach the name; "{}" is the name.
std::string_view plain_validation(std::string_view type) noexcept {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> table{
        {{"dns", "the CA could not look {} up in the DNS"},
         {"connection", "the CA could not connect to {}"},
         {"tls", "the CA could not make a TLS connection to {}"},
         {"incorrectResponse", "the CA got another answer from {} than evercertd gives"},
         {"caa", "a CAA record forbids this CA to issue for {}"}}};
    const auto* const found = std::ranges::find(table, type, [](const auto& row) { return row.first; });
    return found == table.end() ? std::string_view() : found->second;
}

std::string plain_words(const failure& what) {
    const acme::problem& said = *what.said;
    if (what.where == step::challenge || what.where == step::authorization || said.is("caa")) {
        const std::string_view type = meant_type(said.type, said.detail, what.where);
        if (const std::string_view words = plain_validation(type); !words.empty()) {
            return fmt::format(fmt::runtime(words), what.name ? what.name->value : "one of the names");
        }
    }
    if (said.is("rateLimited")) {
        return is_pause(what) ? "the CA has paused this account for a name that kept failing"
                              : "the CA refuses for now: one of its rate limits is reached";
    }
    if (said.is("externalAccountRequired")) {
        return "the CA opens accounts only with the key of an external account";
    }
    if (said.is("invalidProfile")) {
        return "the CA does not offer the profile that was asked for";
    }
    return {};
}

/// Its type bare if it is a plain word, else in quotes like all of the CA's text.
std::string shown_type(std::string_view type) {
    acme::problem said;
    said.type = type;
    if (acme::type_word(said) == type) {
        return std::string(type);
    }
    return type.empty() ? "an error" : fmt::format("\"{}\"", escape(type, 80));
}

std::string words_of_the_ca(const acme::problem& said) {
    std::string text = fmt::format("; the CA says {}", shown_type(said.type));
    if (!said.detail.empty()) {
        text += fmt::format(" \"{}\"", escape(said.detail, 400));
    }
    for (const auto& sub : said.subproblems) {
        if (text.size() > 1200) {
            break;
        }
        text += fmt::format("; {}{}{}", sub.name ? sub.name->value : "", sub.name ? ": " : "",
                            shown_type(sub.type));
        if (!sub.detail.empty()) {
            text += fmt::format(" \"{}\"", escape(sub.detail, 200));
        }
    }
    return text;
}

std::vector<std::string> links_of(const acme::problem& said) {
    std::string all = said.instance + ' ' + said.detail;
    for (const auto& sub : said.subproblems) {
        all += ' ' + sub.detail;
    }
    return links_in(all);
}

/// Where `mark` begins outside of double quotes, or npos.
std::size_t find_unquoted(std::string_view text, std::string_view mark, std::size_t from = 0) {
    bool quoted = false;
    for (std::size_t at = from; at < text.size(); ++at) {
        if (quoted && text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            quoted = !quoted;
        } else if (!quoted && text.substr(at).starts_with(mark)) {
            return at;
        }
    }
    return std::string_view::npos;
}

} // namespace

std::vector<std::string> links_in(std::string_view foreign) {
    std::vector<std::string> found;
    constexpr std::string_view scheme = "https://";
    for (std::size_t at = foreign.find(scheme); at != std::string_view::npos; at = foreign.find(scheme, at)) {
        const std::size_t end = std::min(foreign.find_first_of(" \t\r\n\"<>", at), foreign.size());
        std::string_view link = foreign.substr(at, end - at);
        at = end;
        link = link.substr(0, link.find_last_not_of(".,;:!?')]}") + 1);
        const bool plain =
            std::ranges::all_of(link, [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
        const bool fits = plain && link.size() > scheme.size() && link.size() <= longest_link;
        if (fits && found.size() < most_links && std::ranges::find(found, link) == found.end()) {
            found.emplace_back(link);
        }
    }
    return found;
}

std::string explain(const failure& what, const verdict& judged) {
    std::string text = what.said ? plain_words(what) : std::string();
    if (text.empty()) {
        // The CA's words follow once: here only what is ours, unless the foreign part says something else.
        const bool repeated = what.said && what.cause.foreign == acme::foreign_text(*what.said);
        text =
            fmt::format("{}{}{}: {}", words_of(what.where), what.name ? " for " : "",
                        what.name ? what.name->value : "", repeated ? what.cause.message : what.cause.text());
    }
    std::vector<std::string> links;
    if (what.said) {
        text += words_of_the_ca(*what.said);
        links = links_of(*what.said);
    }
    if (what.retry_after) {
        text += fmt::format("; it asks to wait for {}", format_duration(*what.retry_after));
    }
    if (!judged.mend.empty()) {
        text.append(mend_mark).append(judged.mend);
    }
    if (!links.empty()) {
        text.append(link_mark).append(join(links, " "));
    }
    return text;
}

problem_parts take_apart(std::string_view text) {
    problem_parts parts;
    if (const std::size_t at = find_unquoted(text, link_mark); at != std::string_view::npos) {
        parts.links = links_in(text.substr(at));
        text = text.substr(0, at);
    }
    if (const std::size_t at = find_unquoted(text, mend_mark); at != std::string_view::npos) {
        parts.mend = text.substr(at + mend_mark.size());
        text = text.substr(0, at);
    }
    parts.happened = text;
    return parts;
}

} // namespace evercert::lifecycle
