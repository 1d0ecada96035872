#pragma once
// RapidJSON's only door: writing.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::json {

/// Builds one JSON text, members in the order written. Invalid UTF-8 in strings is replaced by U+FFFD, so the
/// result is always valid JSON. Misuse (a value without key in an object) is our own mistake and asserts.
///   json::writer w; w.begin_object(); w.member("status", "valid"); w.end_object(); send(w.text());
class writer {
public:
    explicit writer(bool pretty = false);
    ~writer();
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    writer& begin_object();
    writer& end_object();
    writer& begin_array();
    writer& end_array();
    writer& key(std::string_view name);
    writer& string(std::string_view text);
    writer& integer(std::int64_t number);
    writer& boolean(bool flag);
    writer& null();
    /// Already valid JSON, written as it is.
    writer& raw(std::string_view json);

    writer& member(std::string_view name, std::string_view text);
    writer& member(std::string_view name, const char* text) { return member(name, std::string_view(text)); }
    writer& member(std::string_view name, const std::string& text) {
        return member(name, std::string_view(text));
    }
    writer& member(std::string_view name, std::int64_t number);
    writer& member_bool(std::string_view name, bool flag);
    writer& member(std::string_view name, const std::vector<std::string>& texts);

    [[nodiscard]] std::string text() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace evercert::json
