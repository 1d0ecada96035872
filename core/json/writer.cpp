#include "core/json/writer.hpp"

#include "core/json/rapidjson.hpp"
#include "core/json/utf8.hpp"

#include <type_traits>
#include <variant>

namespace evercert::json {

struct writer::impl {
    using compact = rapidjson::Writer<rapidjson::StringBuffer>;
    using indented = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

    explicit impl(bool pretty) {
        if (pretty) {
            sink.emplace<indented>(buffer).SetIndent(' ', 2);
        } else {
            sink.emplace<compact>(buffer);
        }
    }

    // RapidJSON's writers are not copyable and share no virtual base: whichever is there is visited.
    template <class Write>
    void with(Write write) {
        std::visit(
            [&](auto& chosen) {
                if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(chosen)>, std::monostate>) {
                    write(chosen);
                }
            },
            sink);
    }

    rapidjson::StringBuffer buffer;
    std::variant<std::monostate, compact, indented> sink;
};

namespace {

rapidjson::SizeType size_of(std::string_view text) {
    return static_cast<rapidjson::SizeType>(text.size());
}

/// Never null, which RapidJSON takes amiss.
const char* start_of(std::string_view text) {
    return text.empty() ? "" : text.data();
}

} // namespace

writer::writer(bool pretty) : impl_(std::make_unique<impl>(pretty)) {}
writer::~writer() = default;

writer& writer::begin_object() {
    impl_->with([](auto& out) { out.StartObject(); });
    return *this;
}

writer& writer::end_object() {
    impl_->with([](auto& out) { out.EndObject(); });
    return *this;
}

writer& writer::begin_array() {
    impl_->with([](auto& out) { out.StartArray(); });
    return *this;
}

writer& writer::end_array() {
    impl_->with([](auto& out) { out.EndArray(); });
    return *this;
}

writer& writer::key(std::string_view name) {
    const std::string repaired = is_utf8(name) ? std::string() : repair_utf8(name);
    const std::string_view clean = repaired.empty() ? name : repaired;
    impl_->with([&](auto& out) { out.Key(start_of(clean), size_of(clean)); });
    return *this;
}

writer& writer::string(std::string_view text) {
    const std::string repaired = is_utf8(text) ? std::string() : repair_utf8(text);
    const std::string_view clean = repaired.empty() ? text : repaired;
    impl_->with([&](auto& out) { out.String(start_of(clean), size_of(clean)); });
    return *this;
}

writer& writer::integer(std::int64_t number) {
    impl_->with([&](auto& out) { out.Int64(number); });
    return *this;
}

writer& writer::boolean(bool flag) {
    impl_->with([&](auto& out) { out.Bool(flag); });
    return *this;
}

writer& writer::null() {
    impl_->with([](auto& out) { out.Null(); });
    return *this;
}

writer& writer::raw(std::string_view json) {
    impl_->with([&](auto& out) { out.RawValue(json.data(), json.size(), rapidjson::kObjectType); });
    return *this;
}

writer& writer::member(std::string_view name, std::string_view text) {
    return key(name).string(text);
}
writer& writer::member(std::string_view name, std::int64_t number) {
    return key(name).integer(number);
}
writer& writer::member_bool(std::string_view name, bool flag) {
    return key(name).boolean(flag);
}

writer& writer::member(std::string_view name, const std::vector<std::string>& texts) {
    key(name).begin_array();
    for (const std::string& text : texts) {
        string(text);
    }
    return end_array();
}

std::string writer::text() const {
    return {impl_->buffer.GetString(), impl_->buffer.GetSize()};
}

} // namespace evercert::json
