#include "daemon/control/json_record.hpp"

#include "daemon/control/protocol.hpp"

#include <fmt/format.h>

#include <limits>

namespace evercert::daemon {
namespace {

/// What a daemon with 100,000 certificates answers, with room.
constexpr std::size_t longest_answer = 256 * 1024 * 1024;

} // namespace

void record_reader::number(std::string_view name, unsigned& out) {
    std::int64_t wide = 0;
    keep(from_.integer(name), wide);
    if (wide < 0 || wide > std::numeric_limits<int>::max()) {
        note(error(errc::protocol, fmt::format("{}: out of range", name)));
        return;
    }
    out = static_cast<unsigned>(wide);
}

void record_reader::time(std::string_view name, wall_time& out) {
    std::string written;
    text(name, written);
    if (!failed()) {
        keep(parse_rfc3339(written), out);
    }
}

void record_reader::optional_time(std::string_view name, std::optional<wall_time>& out) {
    std::optional<std::string> written;
    keep(from_.optional_string(name), written);
    if (written && !failed()) {
        wall_time when;
        keep(parse_rfc3339(*written), when);
        out = when;
    }
}

void write_time(json::writer& out, std::string_view name, const std::optional<wall_time>& when) {
    out.key(name);
    if (when) {
        out.string(format_time(*when));
    } else {
        out.null();
    }
}

void begin_answer(json::writer& out) {
    out.begin_object().member("schema", std::int64_t{control_schema});
}

result<json::value> open_answer(std::string_view text) {
    auto document = json::parse(text, longest_answer);
    if (!document) {
        return document;
    }
    const auto schema = document->integer("schema");
    if (!schema) {
        return fail(schema.error());
    }
    if (*schema != control_schema) {
        return fail(errc::unsupported,
                    fmt::format("the daemon answers in schema {}, this client knows {}: install the "
                                "same version of both",
                                *schema, control_schema));
    }
    return document;
}

} // namespace evercert::daemon
