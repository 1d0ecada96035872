#include "config/mistakes.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace evercert::config {
namespace {

// Past this the list is not kept either: a hostile file must not turn its megabytes into gigabytes of text.
constexpr std::size_t kept = 10'000;

/// Two neighbouring letters swapped: the commonest slip, and two edits to `nearest`, too many for a short
/// word.
bool is_swap(std::string_view a, std::string_view b) {
    if (a.size() != b.size() || a.size() < 2) {
        return false;
    }
    const auto first =
        static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
    return first + 1 < a.size() && a[first] == b[first + 1] && a[first + 1] == b[first] &&
           a.substr(first + 2) == b.substr(first + 2);
}

} // namespace

std::string to_string(place where) {
    return fmt::format("line {}, column {}", where.line, where.column);
}

std::string key_path::text() const {
    if (up_ == nullptr) {
        return {};
    }
    std::string front = up_->text();
    if (name_.data() == nullptr) {
        return fmt::format("{}[{}]", front, index_);
    }
    return front.empty() ? escape(name_, 80) : fmt::format("{}.{}", front, escape(name_, 80));
}

void mistake_list::add(place where, const key_path& key, std::string text) {
    if (all_.size() >= kept) {
        ++dropped_;
        return;
    }
    add(where, key.text(), std::move(text));
}

void mistake_list::add(place where, std::string key, std::string text) {
    if (all_.size() >= kept) {
        ++dropped_;
        return;
    }
    all_.push_back({file_, where.line, where.column, std::move(key), std::move(text)});
}

std::vector<mistake> mistake_list::take() {
    std::sort(all_.begin(), all_.end(), [](const mistake& a, const mistake& b) {
        return std::tie(a.line, a.column, a.key, a.text) < std::tie(b.line, b.column, b.key, b.text);
    });
    if (all_.size() > listed) {
        const mistake last = all_[listed - 1];
        const std::size_t more = all_.size() - listed + dropped_;
        all_.resize(listed);
        all_.push_back(
            {file_, last.line, last.column, {}, fmt::format("and {} more mistakes after these", more)});
    }
    return std::move(all_);
}

std::string in_quotes(std::string_view text) {
    return fmt::format("\"{}\"", escape(text, 80));
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
    if (word.empty() || word.size() > 80) {
        return {};
    }
    const std::string lower = to_lower_ascii(word);
    std::string_view found = nearest(lower, candidates);
    for (const std::string_view candidate : candidates) {
        found = found.empty() && is_swap(lower, candidate) ? candidate : found;
    }
    return found.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", found);
}

} // namespace evercert::config
