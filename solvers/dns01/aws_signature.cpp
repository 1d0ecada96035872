#include "solvers/dns01/aws_signature.hpp"

#include "core/base/text.hpp"
#include "core/crypto/digest.hpp"
#include "core/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

/// "20150830T123600Z"
std::string stamp_of(wall_time now) {
    std::string text = format_time(now);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

/// Without spaces at the ends, and one where there are several.
std::string folded(std::string_view value) {
    std::string out;
    for (const char c : trim(value)) {
        if (c != ' ' || out.empty() || out.back() != ' ') {
            out += c;
        }
    }
    return out;
}

/// Pairs in the order of their bytes; they are escaped already, as they come out of a URL.
std::string sorted_query(std::string_view query) {
    std::vector<std::string> pairs;
    while (!query.empty()) {
        const auto end = query.find('&');
        std::string pair(query.substr(0, end));
        if (pair.find('=') == std::string::npos) {
            pair += '=';
        }
        pairs.push_back(std::move(pair));
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    }
    // By name, then by value: "=" must not take part, as it stands behind the digits.
    const auto parts = [](const std::string& pair) {
        const auto at = pair.find('=');
        return std::pair(std::string_view(pair).substr(0, at), std::string_view(pair).substr(at + 1));
    };
    std::sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) { return parts(a) < parts(b); });
    return join(pairs, "&");
}

struct signed_headers {
    std::string lines;
    std::string names;
};

signed_headers headers_of(const http_request& request, const std::string& host) {
    std::vector<http_header> all{{"host", host}};
    for (const auto& [name, value] : request.headers) {
        std::string lower = to_lower_ascii(name);
        if (lower != "accept" && lower != "user-agent") {
            all.emplace_back(std::move(lower), folded(value));
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    signed_headers out;
    for (const auto& [name, value] : all) {
        out.lines += fmt::format("{}:{}\n", name, value);
        out.names += (out.names.empty() ? "" : ";") + name;
    }
    return out;
}

/// Each step's key is a secret as good as the first.
std::string signature(const aws_credentials& by, const std::vector<std::string_view>& scope,
                      std::string_view text) {
    std::string key = "AWS4" + std::string(by.secret_access_key.view());
    for (const auto part : scope) {
        std::string next = crypto::hmac_sha256(key, part);
        crypto::wipe(key);
        key = std::move(next);
    }
    std::string out = crypto::hex(crypto::hmac_sha256(key, text));
    crypto::wipe(key);
    return out;
}

} // namespace

result<void> sign_aws(http_request& request, const aws_credentials& by, const aws_scope& scope,
                      wall_time now) {
    const auto where = net::parse_url(request.url);
    if (!where) {
        return fail(where.error());
    }
    const std::string stamp = stamp_of(now);
    const std::string day = stamp.substr(0, 8);
    request.headers.emplace_back("X-Amz-Date", stamp);
    if (!by.session_token.empty()) {
        request.headers.emplace_back("X-Amz-Security-Token", std::string(by.session_token.view()));
    }
    const auto headers = headers_of(request, where->authority());
    const auto mark = where->target.find('?');
    const std::string query = mark == std::string::npos ? "" : where->target.substr(mark + 1);
    const std::string canonical = fmt::format(
        "{}\n{}\n{}\n{}\n{}\n{}", request.method, where->target.substr(0, mark), sorted_query(query),
        headers.lines, headers.names, crypto::hex(crypto::sha256(request.body)));
    const std::string reach = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
    const std::string text =
        fmt::format("{}\n{}\n{}\n{}", algorithm, stamp, reach, crypto::hex(crypto::sha256(canonical)));
    const std::vector<std::string_view> steps{day, scope.region, scope.service, "aws4_request"};
    request.headers.emplace_back(
        "Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                     by.access_key_id, reach, headers.names, signature(by, steps, text)));
    return {};
}

} // namespace evercert::solvers
