#include "solvers/dns01/aws_credentials.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

bool is_key(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

} // namespace

result<aws_credentials> parse_aws_credentials(std::string_view text, std::string_view profile) {
    aws_credentials out;
    bool found = false;
    bool inside = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#' || line.front() == ';') {
            continue;
        }
        if (line.front() == '[') {
            if (line.back() != ']') {
                return fail(errc::parse, fmt::format("line {}: a section ends with \"]\"", number));
            }
            inside = trim(line.substr(1, line.size() - 2)) == profile;
            found = found || inside;
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) {
            return fail(errc::parse, fmt::format("line {}: neither [section] nor key = value", number));
        }
        if (!inside) {
            continue;
        }
        const std::string key = to_lower_ascii(trim(line.substr(0, equals)));
        const auto value = trim(line.substr(equals + 1));
        if (key != "aws_access_key_id" && key != "aws_secret_access_key" && key != "aws_session_token") {
            continue;
        }
        if (!is_key(value)) {
            return fail(errc::parse, fmt::format("line {}: {} has no value that could be one", number, key));
        }
        if (key == "aws_access_key_id") {
            out.access_key_id = value;
        } else if (key == "aws_secret_access_key") {
            out.secret_access_key = crypto::secret(std::string(value));
        } else {
            out.session_token = crypto::secret(std::string(value));
        }
    }
    if (!found) {
        return fail(errc::not_found, fmt::format("there is no profile [{}]", profile));
    }
    if (out.access_key_id.empty() || out.secret_access_key.empty()) {
        return fail(
            errc::parse,
            fmt::format("the profile [{}] lacks aws_access_key_id or aws_secret_access_key", profile));
    }
    return out;
}

} // namespace evercert::solvers
