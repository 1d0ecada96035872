#include "core/json/document.hpp"
#include "core/json/rapidjson.hpp"
#include "core/json/utf8.hpp"
#include "core/json/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace evercert::json {
namespace {

constexpr std::size_t max_depth = 64;

// RapidJSON's event handler; a member function that returns false ends the parse.
class builder {
public:
    explicit builder(document_impl& document) : document_(document) {}

    bool Null() {
        add(kind::null);
        return true;
    }
    bool Bool(bool truth) {
        add(kind::boolean).truth = truth;
        return true;
    }
    bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
        return add_text(kind::number, text, size);
    }
    bool String(const char* text, rapidjson::SizeType size, bool) {
        return add_text(kind::string, text, size);
    }
    // Never called: numbers come as text.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    bool StartObject() { return open(kind::object); }
    bool StartArray() { return open(kind::array); }
    bool EndArray(rapidjson::SizeType) {
        close();
        return true;
    }
    bool EndObject(rapidjson::SizeType) { return close_object(); }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        if (!acceptable(text, size)) {
            return false;
        }
        name_at_ = static_cast<std::uint32_t>(document_.characters.size());
        name_size_ = size;
        document_.characters.append(text, size);
        return true;
    }

    [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

private:
    node& add(kind type) {
        node& added = document_.nodes.emplace_back();
        added.type = type;
        added.name_at = std::exchange(name_at_, 0);
        added.name_size = std::exchange(name_size_, 0);
        added.end = static_cast<std::uint32_t>(document_.nodes.size());
        return added;
    }

    bool add_text(kind type, const char* text, rapidjson::SizeType size) {
        if (!acceptable(text, size)) {
            return false;
        }
        node& added = add(type);
        added.text_at = static_cast<std::uint32_t>(document_.characters.size());
        added.text_size = size;
        document_.characters.append(text, size);
        return true;
    }

    // RapidJSON 1.1 lets an escaped low surrogate without its high one through.
    bool acceptable(const char* text, rapidjson::SizeType size) {
        if (!is_utf8(std::string_view(text, size))) {
            trouble_ = "a string is not valid Unicode";
            return false;
        }
        return true;
    }

    bool open(kind type) {
        if (open_.size() == max_depth) {
            trouble_ = fmt::format("nested deeper than {}", max_depth);
            return false;
        }
        add(type);
        open_.push_back(static_cast<std::uint32_t>(document_.nodes.size() - 1));
        return true;
    }

    const node& close() {
        node& closed = document_.nodes[open_.back()];
        open_.pop_back();
        closed.end = static_cast<std::uint32_t>(document_.nodes.size());
        return closed;
    }

    // Two readers of one text may pick different ones of two members with one name, so there must not be two.
    bool close_object() {
        names_.clear();
        document_.find_child(close(), [this](const node& child) {
            names_.push_back(document_.name(child));
            return false;
        });
        std::ranges::sort(names_);
        if (std::ranges::adjacent_find(names_) != names_.end()) {
            trouble_ = "an object has two members of one name";
            return false;
        }
        return true;
    }

    document_impl& document_;
    std::vector<std::uint32_t> open_;
    std::vector<std::string_view> names_; ///< of the object that is closed
    std::uint32_t name_at_ = 0;
    std::uint32_t name_size_ = 0;
    std::string trouble_;
};

} // namespace

result<value> parse(std::string_view text, std::size_t limit) {
    // Node indexes and offsets have 32 bits.
    limit = std::min<std::size_t>(limit, std::numeric_limits<std::int32_t>::max());
    if (text.size() > limit) {
        return fail(errc::too_large, fmt::format("JSON of {} bytes is larger than the {} that are accepted",
                                                 text.size(), limit));
    }
    // RapidJSON takes a NUL for the end and would not see what follows it.
    if (const std::size_t at = text.find('\0'); at != text.npos) {
        return fail(errc::parse, fmt::format("not JSON: a NUL byte at offset {}", at));
    }
    auto document = std::make_shared<document_impl>();
    constexpr std::size_t usual = 64;
    document->characters.reserve(text.size());
    document->nodes.reserve(std::min(text.size() / 16 + 1, usual));
    builder handler(*document);
    rapidjson::MemoryStream stream(text.data(), text.size());
    rapidjson::Reader reader;
    // Iterative: deep nesting must not use up our stack. Numbers as text: RapidJSON 1.1 aborts on long ones
    // otherwise. The encoding is checked by `acceptable`, more thoroughly.
    constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult outcome = reader.Parse<flags>(stream, handler);
    if (outcome.IsError()) {
        const std::string reason =
            handler.trouble().empty() ? rapidjson::GetParseError_En(outcome.Code()) : handler.trouble();
        return fail(errc::parse, fmt::format("not JSON: {} (at offset {})", reason, outcome.Offset()));
    }
    if (document->nodes.capacity() > usual) {
        document->nodes.shrink_to_fit();
    }
    const node* root = document->nodes.data();
    return value(std::move(document), root);
}

} // namespace evercert::json
