// One section of a document, its keys read as what the schema says they are.
#include "config/units.hpp"
#include "config/value.hpp"

namespace evercert::config {

place section::at(std::string_view key) const {
    const auto found = find(key);
    return found ? found->at() : map_.at();
}

std::optional<std::string> section::text(std::string_view key) const {
    const auto found = find(key);
    const auto row = rows_->below.find(key);
    if (!found || found->kind() != node_kind::scalar || row == rows_->below.end() ||
        !value_trouble(*row->second.row, found->text()).empty()) {
        return std::nullopt;
    }
    return std::string(found->text());
}

std::optional<bool> section::flag(std::string_view key) const {
    const auto value = text(key);
    return value ? to_flag(*value) : std::nullopt;
}

std::optional<std::int64_t> section::integer(std::string_view key) const {
    const auto value = text(key);
    return value ? to_integer(*value) : std::nullopt;
}

std::optional<unsigned> section::file_mode(std::string_view key) const {
    const auto value = text(key);
    return value ? parse_file_mode(*value) : std::nullopt;
}

std::optional<milliseconds> section::duration(std::string_view key) const {
    const auto value = text(key);
    const auto length = value ? parse_duration(*value) : fail(errc::not_found, "");
    return length ? std::optional(*length) : std::nullopt;
}

std::optional<evercert::rate> section::rate(std::string_view key) const {
    const auto value = text(key);
    const auto read = value ? parse_rate(*value) : fail(errc::not_found, "");
    return read ? std::optional(*read) : std::nullopt;
}

std::optional<std::vector<node>> section::items(std::string_view key) const {
    const auto found = find(key);
    const auto at = rows_->below.find(key);
    if (!found || at == rows_->below.end()) {
        return std::nullopt;
    }
    const schema_row& row = *at->second.row;
    std::vector<node> good;
    if (found->kind() == node_kind::scalar && takes_one_or_list(row.type)) {
        if (value_trouble(row, found->text()).empty()) {
            good.push_back(*found);
        }
        return good;
    }
    if (found->kind() != node_kind::list) {
        return std::nullopt;
    }
    std::size_t index = 0;
    for (const node item : children(*found)) {
        if (item.kind() == node_kind::scalar && value_trouble(row, item.text(), index).empty()) {
            good.push_back(item);
        }
        ++index;
    }
    return good;
}

std::optional<std::vector<std::string>> section::texts(std::string_view key) const {
    const auto found = items(key);
    if (!found) {
        return std::nullopt;
    }
    std::vector<std::string> out;
    out.reserve(found->size());
    for (const node item : *found) {
        out.emplace_back(item.text());
    }
    return out;
}

std::optional<std::string> section::path(std::string_view key) const {
    const auto value = text(key);
    return value ? std::optional(absolute_path(*value)) : std::nullopt;
}

std::optional<section> section::below(std::string_view key) const {
    const auto found = find(key);
    const auto rows = rows_->below.find(key);
    if (!found || found->kind() != node_kind::map || rows == rows_->below.end()) {
        return std::nullopt;
    }
    return section(*found, rows->second);
}

std::vector<std::optional<section>> section::sections(std::string_view key) const {
    std::vector<std::optional<section>> all;
    const auto found = find(key);
    const auto rows = rows_->below.find(key);
    if (!found || found->kind() != node_kind::list || rows == rows_->below.end()) {
        return all;
    }
    for (const node item : children(*found)) {
        all.push_back(item.kind() == node_kind::map ? std::optional(section(item, *rows->second.element()))
                                                    : std::nullopt);
    }
    return all;
}

} // namespace evercert::config
