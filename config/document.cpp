#include "config/document.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>

namespace evercert::config {
namespace {

/// Ends yaml-cpp's parsing from inside a handler.
struct refused {
    place where;
    std::string text;
};

place place_of(const YAML::Mark& mark) {
    return mark.is_null() ? place{1, 1} : place{mark.line + 1, mark.column + 1};
}

} // namespace

class document_builder final : public YAML::EventHandler {
public:
    document_builder(document& into, std::string_view text) : doc_(into), source_(text) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            throw refused{place_of(mark), "a second document begins here; a configuration is one document"};
        }
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        place where = place_of(mark);
        // yaml-cpp gives an absent value the place of whatever comes next; its key is where the mistake is
        // seen.
        if (!open_.empty() && doc_.records_[open_.back().index].kind == node_kind::map &&
            open_.back().children % 2 == 1) {
            const auto& key = doc_.records_[open_.back().last];
            where = {key.line, key.column};
        } else if (!open_.empty() && doc_.records_[open_.back().index].kind == node_kind::list) {
            where = place_of_item(where);
        }
        remember(anchor, add(node_kind::null, where));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw refused{place_of(mark), "an alias (*) must not stand inside what it repeats"};
        }
        copy(found->second, place_of(mark));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        const std::uint32_t index = add(node_kind::scalar, place_of(mark));
        auto& made = doc_.records_[index];
        made.begin = static_cast<std::uint32_t>(doc_.text_.size());
        made.text_size = static_cast<std::uint32_t>(value.size());
        doc_.text_ += value;
        remember(anchor, index);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(node_kind::list, place_of(mark), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(node_kind::map, place_of(mark), anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct level {
        std::uint32_t index = 0;
        std::uint32_t last = document::none; ///< last child so far
        std::uint32_t children = 0;
        YAML::anchor_t anchor = YAML::NullAnchor;
    };

    static void check_tag(const YAML::Mark& mark, const std::string& tag) {
        // yaml-cpp's "?" and "!" stand for plain and for quoted scalars without a tag.
        if (!tag.empty() && tag != "?" && tag != "!") {
            throw refused{place_of(mark),
                          fmt::format("a tag ({}) is not accepted; leave it out", in_quotes(tag))};
        }
    }
    std::uint32_t add(node_kind kind, place where) {
        if (doc_.records_.size() >= document::max_nodes) {
            throw refused{where, fmt::format("the file has more than {} values, aliases written out",
                                             document::max_nodes)};
        }
        const auto index = static_cast<std::uint32_t>(doc_.records_.size());
        doc_.records_.push_back({.line = where.line, .column = where.column, .kind = kind});
        if (!open_.empty()) {
            level& parent = open_.back();
            (parent.last == document::none ? doc_.records_[parent.index].begin
                                           : doc_.records_[parent.last].sibling) = index;
            parent.last = index;
            ++parent.children;
        }
        return index;
    }
    void open(node_kind kind, place where, YAML::anchor_t anchor) {
        if (open_.size() >= document::max_depth) {
            throw refused{where, fmt::format("nested more than {} levels deep", document::max_depth)};
        }
        const std::uint32_t index = add(kind, where);
        open_.push_back({.index = index, .anchor = anchor});
    }
    void close() {
        remember(open_.back().anchor, open_.back().index);
        open_.pop_back();
    }
    void remember(YAML::anchor_t anchor, std::uint32_t index) {
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = index;
        }
    }
    /// The dash of an absent list item, for the same reason; `next` is the place of what comes after it.
    place place_of_item(place next) {
        if (lines_.empty()) {
            lines_.push_back(0);
            for (auto end = source_.find('\n'); end != std::string_view::npos;
                 end = source_.find('\n', end + 1)) {
                lines_.push_back(end + 1);
            }
        }
        auto line = static_cast<std::size_t>(next.line - 1);
        auto before = static_cast<std::size_t>(next.column - 1);
        if (line >= lines_.size() || lines_[line] + before > source_.size()) {
            return next;
        }
        const std::string_view here = source_.substr(lines_[line] + before);
        if (here.starts_with('~') || equals_ignoring_case(here.substr(0, 4), "null")) {
            return next; // absent, but written
        }
        while (true) {
            const std::string_view text = source_.substr(lines_[line], before);
            const auto first = text.find_first_not_of(" \t\r\n");
            if (first != std::string_view::npos && text[first] != '#') {
                const auto dash = text.substr(0, text.find(" #")).find_last_of("-,[");
                return dash == std::string_view::npos
                           ? next
                           : place{static_cast<int>(line) + 1, static_cast<int>(dash) + 1};
            }
            if (line == 0) {
                return next;
            }
            before = lines_[line] - lines_[line - 1];
            --line;
        }
    }
    /// An alias becomes a copy whose outermost place is the alias's own. Recursion ends at max_depth.
    void copy(std::uint32_t from, place where) {
        const document::record source = doc_.records_[from];
        if (source.kind == node_kind::null || source.kind == node_kind::scalar) {
            auto& made = doc_.records_[add(source.kind, where)];
            made.begin = source.begin;
            made.text_size = source.text_size;
            return;
        }
        open(source.kind, where, YAML::NullAnchor);
        for (std::uint32_t i = source.begin; i != document::none; i = doc_.records_[i].sibling) {
            copy(i, {doc_.records_[i].line, doc_.records_[i].column});
        }
        open_.pop_back();
    }

    document& doc_;
    std::string_view source_;
    std::vector<std::size_t> lines_; ///< where each begins; filled when first needed
    std::vector<level> open_;
    std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
    int documents_ = 0;
};

node_kind node::kind() const noexcept {
    return owner_->records_[index_].kind;
}

place node::at() const noexcept {
    return {owner_->records_[index_].line, owner_->records_[index_].column};
}

std::string_view node::text() const noexcept {
    const auto& record = owner_->records_[index_];
    return record.kind == node_kind::scalar
               ? std::string_view(owner_->text_).substr(record.begin, record.text_size)
               : std::string_view();
}

std::optional<node> node::first() const noexcept {
    const auto& record = owner_->records_[index_];
    const bool has_children = record.kind == node_kind::list || record.kind == node_kind::map;
    return has_children && record.begin != document::none ? std::optional(node(*owner_, record.begin))
                                                          : std::nullopt;
}

std::optional<node> node::next() const noexcept {
    const auto sibling = owner_->records_[index_].sibling;
    return sibling == document::none ? std::nullopt : std::optional(node(*owner_, sibling));
}

std::optional<node> node::find(std::string_view key) const noexcept {
    if (kind() != node_kind::map) {
        return std::nullopt;
    }
    for (auto at = first(); at; at = at->next()->next()) {
        if (at->kind() == node_kind::scalar && at->text() == key) {
            return at->next();
        }
    }
    return std::nullopt;
}

std::optional<node> document::root() const {
    return records_.empty() ? std::nullopt : std::optional(node(*this, 0));
}

bool parse_document(std::string_view text, document& into, mistake_list& mistakes) {
    document_builder builder(into, text);
    try {
        std::istringstream input{std::string(text)};
        YAML::Parser parser(input);
        while (parser.HandleNextDocument(builder)) {
        }
        return true;
    } catch (const refused& e) {
        mistakes.add(e.where, "", e.text);
    } catch (const YAML::Exception& e) {
        mistakes.add(place_of(e.mark), "", fmt::format("this is not valid YAML: {}", escape(e.msg, 200)));
    } catch (const std::exception& e) {
        mistakes.add({1, 1}, "", fmt::format("the file cannot be read as YAML: {}", escape(e.what(), 200)));
    }
    return false;
}

} // namespace evercert::config
