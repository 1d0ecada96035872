#include "solvers/dns01/tsig_file.hpp"

#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/secret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evercert::solvers {
namespace {

using algorithm = tsig_key::algorithm;

constexpr std::array<std::pair<std::string_view, algorithm>, 3> algorithms{{
    {"hmac-sha256", algorithm::hmac_sha256},
    {"hmac-sha384", algorithm::hmac_sha384},
    {"hmac-sha512", algorithm::hmac_sha512},
}};

/// Words and single punctuation marks; quotes and comments are gone.
std::vector<std::string_view> words_of(std::string_view text) {
    static constexpr std::string_view marks = "{};:";
    std::vector<std::string_view> words;
    std::size_t at = 0;
    const auto skip_line = [&] { at = std::min(text.find('\n', at), text.size()); };
    while (at < text.size()) {
        const char c = text[at];
        if (c == '#' || text.substr(at).starts_with("//")) {
            skip_line();
        } else if (c == '"') {
            const auto end = std::min(text.find('"', at + 1), text.size());
            words.push_back(text.substr(at + 1, end - at - 1));
            at = end + 1;
        } else if (marks.find(c) != marks.npos) {
            words.push_back(text.substr(at++, 1));
        } else if (static_cast<unsigned char>(c) <= ' ') {
            ++at;
        } else {
            const auto end = std::min(text.find_first_of(" \t\r\n\"{};:#", at), text.size());
            words.push_back(text.substr(at, end - at));
            at = end;
        }
    }
    return words;
}

/// What follows `key`, over a colon.
std::optional<std::string_view> after(const std::vector<std::string_view>& words, std::string_view key) {
    auto at = std::ranges::find(words, key);
    if (at == words.end()) {
        return std::nullopt;
    }
    ++at;
    if (at != words.end() && *at == ":") {
        ++at;
    }
    return at == words.end() ? std::nullopt : std::optional(*at);
}

result<tsig_key> finish(std::string_view name, std::string_view how, std::string_view secret) {
    tsig_key key;
    while (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    if (name.empty() || name.size() > 253) {
        return fail(errc::parse, "the key has no name");
    }
    key.name = name;
    const auto known = std::ranges::find(algorithms, how, &std::pair<std::string_view, algorithm>::first);
    if (known == algorithms.end()) {
        return fail(errc::parse,
                    fmt::format("the algorithm {} is none of hmac-sha256, hmac-sha384 and hmac-sha512",
                                escape(how, 40)));
    }
    key.how = known->second;
    auto bytes = crypto::base64_decode_liberal(secret);
    if (!bytes || bytes->empty()) {
        return fail(errc::parse, "the secret is not base64");
    }
    key.secret = std::move(*bytes);
    return key;
}

} // namespace

result<tsig_key> parse_tsig_key(std::string_view text) {
    const std::vector<std::string_view> words = words_of(text);
    // name:secret and algorithm:name:secret
    if (words.size() == 3 && words[1] == ":") {
        return finish(words[0], "hmac-sha256", words[2]);
    }
    if (words.size() == 5 && words[1] == ":" && words[3] == ":") {
        return finish(words[2], words[0], words[4]);
    }
    auto name = after(words, "id");
    if (!name) {
        name = after(words, "key");
    }
    const auto how = after(words, "algorithm");
    const auto secret = after(words, "secret");
    if (!name || !how || !secret) {
        return fail(errc::parse, "it is no key: `tsig-keygen NAME` writes one as it is wanted here");
    }
    return finish(*name, *how, *secret);
}

} // namespace evercert::solvers
