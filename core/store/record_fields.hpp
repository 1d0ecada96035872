#pragma once
// Records to JSON and back. A record is described once, by `members(record, fields)`; `fields` is one of the
// two classes below. Unset members are not written, missing ones are left as they are.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/json/value.hpp"
#include "core/json/writer.hpp"
#include "core/model/key_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::storage {

/// Of any list in a record.
inline constexpr std::size_t list_limit = 200;
/// Of a record's text: what a store reads unasked.
inline constexpr std::size_t record_limit = 1024 * 1024;

/// RFC 3339 in UTC with as many fraction digits as the clock has: what was drawn is kept exactly. Moments
/// that RFC 3339 cannot say (before the year 0, after 9999) become its first or last one.
std::string exact_time(wall_time when);
/// What exact_time writes, and any other RFC 3339 text for such a moment.
std::optional<wall_time> parse_exact_time(std::string_view text);

class record_writer {
public:
    /// Lists longer than `longest` lose their oldest entries, which stand first.
    explicit record_writer(std::int64_t format, std::size_t longest = list_limit) : longest_(longest) {
        out_.begin_object().member("format", format);
    }

    void text(std::string_view name, const std::string& value) {
        if (!value.empty()) {
            out_.member(name, value);
        }
    }
    void count(std::string_view name, unsigned value) {
        if (value != 0) {
            out_.member(name, static_cast<std::int64_t>(value));
        }
    }
    void number(std::string_view name, const std::optional<int>& value) {
        if (value) {
            out_.member(name, static_cast<std::int64_t>(*value));
        }
    }
    void flag(std::string_view name, bool value) {
        if (value) {
            out_.member_bool(name, true);
        }
    }
    void time(std::string_view name, wall_time value) {
        if (value != wall_time()) {
            out_.member(name, exact_time(value));
        }
    }
    void time(std::string_view name, const std::optional<wall_time>& value) {
        if (value) {
            out_.member(name, exact_time(*value));
        }
    }
    void key(std::string_view name, key_type value) { out_.member(name, to_string(value)); }
    void texts(std::string_view name, const std::vector<std::string>& values) {
        if (!values.empty()) {
            out_.key(name).begin_array();
            for (std::size_t i = first_of(values); i < values.size(); ++i) {
                out_.string(values[i]);
            }
            out_.end_array();
        }
    }
    template <class Record>
    void part(std::string_view name, const std::optional<Record>& value) {
        if (value) {
            out_.key(name).begin_object();
            members(*value, *this);
            out_.end_object();
        }
    }
    template <class Record>
    void parts(std::string_view name, const std::vector<Record>& values) {
        if (!values.empty()) {
            out_.key(name).begin_array();
            for (std::size_t i = first_of(values); i < values.size(); ++i) {
                out_.begin_object();
                members(values[i], *this);
                out_.end_object();
            }
            out_.end_array();
        }
    }
    [[nodiscard]] std::string finish() { return out_.end_object().text() + "\n"; }

private:
    template <class List>
    [[nodiscard]] std::size_t first_of(const List& values) const {
        return values.size() - std::min(values.size(), longest_);
    }

    json::writer out_;
    std::size_t longest_;
};

/// Keeps the first mistake; the rest of the walk does nothing.
class record_reader {
public:
    explicit record_reader(json::value in) : in_(std::move(in)) {}

    void text(std::string_view name, std::string& value);
    void count(std::string_view name, unsigned& value);
    void number(std::string_view name, std::optional<int>& value);
    void flag(std::string_view name, bool& value);
    void time(std::string_view name, wall_time& value);
    void time(std::string_view name, std::optional<wall_time>& value);
    void key(std::string_view name, key_type& value);
    void texts(std::string_view name, std::vector<std::string>& values);

    template <class Record>
    void part(std::string_view name, std::optional<Record>& value) {
        if (auto found = keep(in_.optional_object(name))) {
            inside(name, std::move(*found), value.emplace());
        }
    }
    template <class Record>
    void parts(std::string_view name, std::vector<Record>& values) {
        for (json::value& each : list(name)) {
            if (!each.is_object()) {
                wrong(name, "objects were expected in it");
                return;
            }
            inside(name, std::move(each), values.emplace_back());
        }
    }
    /// errc::corrupted.
    [[nodiscard]] const std::optional<error>& problem() const { return problem_; }

private:
    template <class T>
    std::optional<T> keep(result<std::optional<T>> found) {
        if (problem_) {
            return std::nullopt;
        }
        if (!found) {
            problem_ =
                error(errc::corrupted, std::move(found.error().message), std::move(found.error().foreign));
            return std::nullopt;
        }
        return std::move(*found);
    }
    template <class Record>
    void inside(std::string_view name, json::value from, Record& to) {
        record_reader part(std::move(from));
        members(to, part);
        if (part.problem_ && !problem_) {
            problem_ = part.problem_->within(name);
        }
    }
    [[nodiscard]] std::vector<json::value> list(std::string_view name);
    void wrong(std::string_view name, std::string_view why) {
        if (!problem_) {
            problem_ = error(errc::corrupted, fmt::format("{}: {}", name, why));
        }
    }

    json::value in_;
    std::optional<error> problem_;
};

} // namespace evercert::storage
