#include "core/acme/renewal_info.hpp"

#include "core/acme/json_read.hpp"
#include "core/acme/renewal_id.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::acme {
namespace {

constexpr std::size_t body_limit = 64 * 1024;
constexpr milliseconds usual_pause = std::chrono::hours(6);
constexpr milliseconds shortest_pause = std::chrono::minutes(1);
constexpr milliseconds longest_pause = std::chrono::hours(24);

result<wall_time> required_time(const json::value& window, std::string_view member) {
    const auto text = window.string(member);
    if (!text) {
        return fail(errc::protocol, text.error().message);
    }
    const auto moment = parse_rfc3339(*text);
    return moment ? moment : fail(errc::protocol, fmt::format("{} is no RFC 3339 time", member), *text);
}

} // namespace

std::string renewal_info_url(std::string_view base, std::string_view certificate_id) {
    return fmt::format("{}{}{}", base, base.ends_with('/') ? "" : "/", certificate_id);
}

result<renewal_info> parse_renewal_info(const json::value& object) {
    const auto wrong = [](const error& cause) {
        return fail(errc::protocol, "the CA's renewal information: " + cause.message, cause.foreign);
    };
    const auto window = object.object("suggestedWindow");
    if (!window) {
        return wrong(window.error());
    }
    const auto start = required_time(*window, "start");
    if (!start) {
        return wrong(start.error());
    }
    const auto end = required_time(*window, "end");
    if (!end) {
        return wrong(end.error());
    }
    if (*end <= *start) {
        return wrong(error(errc::protocol, fmt::format("the window ends at {}, not after its start at {}",
                                                       format_time(*end), format_time(*start))));
    }
    renewal_info info;
    info.start = *start;
    info.end = *end;
    info.explanation_url = link_or_empty(object, "explanationURL");
    return info;
}

milliseconds renewal_info_pause(std::optional<milliseconds> asked) noexcept {
    return asked ? std::clamp(*asked, shortest_pause, longest_pause) : usual_pause;
}

awaitable<outcome<renewal_info>> fetch_renewal_info(session& talk, std::string certificate_id) {
    if (!is_renewal_id(certificate_id)) {
        co_return std::unexpected(
            failure(step::renewal_info, error(errc::invalid_argument,
                                              "not an identifier of a certificate in renewal information")));
    }
    const auto where = co_await talk.get_directory();
    if (!where) {
        co_return std::unexpected(where.error());
    }
    if ((*where)->renewal_info.empty()) {
        co_return std::unexpected(
            failure(step::renewal_info, error(errc::unsupported, "the CA's directory has no renewalInfo")));
    }
    plain_request request(step::renewal_info, "GET",
                          renewal_info_url((*where)->renewal_info, certificate_id));
    request.body_limit = body_limit;
    auto answer = co_await talk.get(std::move(request));
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    const auto object = read_object(step::renewal_info, *answer);
    if (!object) {
        co_return std::unexpected(object.error());
    }
    auto info = parse_renewal_info(*object);
    if (!info) {
        failure why(step::renewal_info, std::move(info.error()));
        why.http_status = static_cast<int>(answer->status);
        co_return std::unexpected(std::move(why));
    }
    info->retry_after = renewal_info_pause(talk.asked_wait(*answer));
    co_return std::move(*info);
}

} // namespace evercert::acme
