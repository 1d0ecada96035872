#pragma once
// Internal to daemon/control: words of the JSON that stand for our enumerations, and whole answers.
#include "core/lifecycle/engine.hpp"
#include "daemon/control/json_record.hpp"

#include <fmt/format.h>

#include <array>

namespace evercert::daemon {

inline constexpr std::array all_causes{
    lifecycle::cause::none,         lifecycle::cause::first,     lifecycle::cause::configured,
    lifecycle::cause::asked,        lifecycle::cause::revoked,   lifecycle::cause::expired,
    lifecycle::cause::renewal_info, lifecycle::cause::lifetime,  lifecycle::cause::retry,
    lifecycle::cause::hold,         lifecycle::cause::deployment};

template <class Words>
auto parse_word(const Words& words, std::string_view text) -> std::optional<typename Words::value_type> {
    for (const auto word : words) {
        if (to_string(word) == text) {
            return word;
        }
    }
    return std::nullopt;
}
inline std::optional<lifecycle::state> parse_state(std::string_view text) {
    return parse_word(lifecycle::all_states, text);
}
inline std::optional<lifecycle::cause> parse_cause(std::string_view text) {
    return parse_word(all_causes, text);
}

/// A member whose text `parse` knows.
template <class T, class Parse>
void read_word(record_reader& in, std::string_view name, Parse parse, T& out) {
    std::string written;
    in.text(name, written);
    if (in.failed()) {
        return;
    }
    if (const auto word = parse(written)) {
        out = *word;
    } else {
        in.note(error(errc::protocol, fmt::format("{}: not one this client knows", name), written));
    }
}

template <class T, class Read>
result<T> read_answer(std::string_view text, std::string_view member, Read read) {
    const auto document = open_answer(text);
    if (!document) {
        return fail(document.error());
    }
    const auto one = document->object(member);
    return one ? read(*one) : fail(one.error());
}

template <class T, class Read>
result<std::vector<T>> read_answer_list(std::string_view text, std::string_view member, Read read) {
    const auto document = open_answer(text);
    if (!document) {
        return fail(document.error());
    }
    std::vector<T> all;
    record_reader in(*document);
    in.list(member, all, read);
    return in.finish(std::move(all));
}

} // namespace evercert::daemon
