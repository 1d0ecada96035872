#pragma once
// Internal to daemon/control: how records are written to the socket's JSON and read from it.
#include "core/base/time.hpp"
#include "core/json/value.hpp"
#include "core/json/writer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// Reads members one after another and keeps the first error, so that a record is not a page of ifs.
class record_reader {
public:
    explicit record_reader(json::value from) : from_(std::move(from)) {}

    void text(std::string_view name, std::string& out) { keep(from_.string(name), out); }
    void texts(std::string_view name, std::vector<std::string>& out) { keep(from_.strings(name), out); }
    void flag(std::string_view name, bool& out) { keep(from_.boolean(name), out); }
    void number(std::string_view name, unsigned& out);
    void time(std::string_view name, wall_time& out);
    void optional_time(std::string_view name, std::optional<wall_time>& out);
    /// An array of objects, each read by `read(const json::value&) -> result<T>`.
    template <class T, class Read>
    void list(std::string_view name, std::vector<T>& out, Read read) {
        std::vector<json::value> items;
        keep(from_.array(name), items);
        for (const json::value& item : items) {
            result<T> one = read(item);
            if (!one) {
                note(one.error().within(name));
                return;
            }
            out.push_back(std::move(*one));
        }
    }
    /// An object or null.
    template <class T, class Read>
    void optional_record(std::string_view name, std::optional<T>& out, Read read) {
        std::optional<json::value> item;
        keep(from_.optional_object(name), item);
        if (item) {
            result<T> one = read(*item);
            if (!one) {
                note(one.error().within(name));
                return;
            }
            out = std::move(*one);
        }
    }
    template <class T>
    void keep(result<T> value, T& out) {
        if (value) {
            out = std::move(*value);
        } else {
            note(std::move(value.error()));
        }
    }
    void note(error what) {
        if (!first_) {
            first_ = std::move(what);
        }
    }
    /// `record`, or the first error.
    template <class T>
    [[nodiscard]] result<T> finish(T record) const {
        return first_ ? result<T>(fail(*first_)) : result<T>(std::move(record));
    }
    [[nodiscard]] bool failed() const { return first_.has_value(); }

private:
    json::value from_;
    std::optional<error> first_;
};

/// An array; `write(json::writer&, const T&)` writes each.
template <class T, class Write>
void write_list(json::writer& out, std::string_view name, const std::vector<T>& all, Write write) {
    out.key(name).begin_array();
    for (const T& one : all) {
        write(out, one);
    }
    out.end_array();
}
/// null if there is none.
template <class T, class Write>
void write_optional(json::writer& out, std::string_view name, const std::optional<T>& one, Write write) {
    out.key(name);
    if (one) {
        write(out, *one);
    } else {
        out.null();
    }
}
/// null if there is none.
void write_time(json::writer& out, std::string_view name, const std::optional<wall_time>& when);
/// The object of an answer, "schema" written.
void begin_answer(json::writer& out);
/// The object of an answer of a schema that is known here.
result<json::value> open_answer(std::string_view text);

} // namespace evercert::daemon
