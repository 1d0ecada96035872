#include "config/check.hpp"

#include "config/names.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace evercert::config {
namespace {

std::string_view kind_name(node_kind kind) {
    switch (kind) {
    case node_kind::null:
        return "nothing";
    case node_kind::scalar:
        return "a single value";
    case node_kind::list:
        return "a list";
    case node_kind::map:
        return "a map";
    }
    return {};
}

/// How a single text would be written as the list that is wanted.
std::string as_list(const schema_row& row, std::string_view text) {
    std::vector<std::string> words;
    for (std::string_view rest = trim(text); !rest.empty() && words.size() < 8; rest = trim(rest)) {
        const auto end = row.type == value_type::argv ? rest.find(' ') : rest.find_first_of(" ,");
        if (end != 0) {
            words.push_back(in_quotes(rest.substr(0, end)));
        }
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return fmt::format("[{}]", fmt::join(words, ", "));
}

class checker {
public:
    explicit checker(mistake_list& mistakes) : mistakes_(mistakes) {}

    void value(node at, const schema_node& schema, const key_path& path) {
        const schema_row& row = *schema.row;
        if (at.kind() == node_kind::null) {
            mistakes_.add(at.at(), path, fmt::format("there is no value; allowed: {}", allowed_values(row)));
        } else if (row.type == value_type::section) {
            if (expect(at, node_kind::map, row, path)) {
                keys(at, schema, path);
            }
        } else if (row.type == value_type::named) {
            if (expect(at, node_kind::map, row, path)) {
                names(at, schema, path);
            }
        } else if (row.type == value_type::preferences) {
            if (expect(at, node_kind::map, row, path)) {
                patterns(at, row, path);
            }
        } else if (row.type == value_type::section_list) {
            if (expect(at, node_kind::list, row, path)) {
                std::size_t index = 0;
                for (const node item : children(at)) {
                    value(item, *schema.element(), path.item(index++));
                }
            }
        } else {
            plain(at, row, path);
        }
    }

    void keys(node map, const schema_node& schema, const key_path& path) {
        once_each(map, path);
        for (auto key = map.first(); key; key = key->next()->next()) {
            if (key->kind() != node_kind::scalar) {
                mistakes_.add(key->at(), path,
                              fmt::format("a key must be a plain word, not {}", kind_name(key->kind())));
                continue;
            }
            const auto found = schema.below.find(key->text());
            if (found == schema.below.end() || key->text() == "*" || key->text() == "[]") {
                unknown(*key, schema, path);
            } else {
                value(*key->next(), found->second, path.key(key->text()));
            }
        }
        for (const std::string_view key : schema.keys) {
            const schema_row& row = *schema.below.at(key).row;
            if (row.required && !map.find(key)) {
                mistakes_.add(map.at(), path.key(key),
                              fmt::format("this key is needed; allowed: {}", allowed_values(row)));
            }
        }
    }

private:
    bool expect(node at, node_kind kind, const schema_row& row, const key_path& path) {
        if (at.kind() == kind) {
            return true;
        }
        mistakes_.add(
            at.at(), path,
            fmt::format("{} is not accepted here; allowed: {}", kind_name(at.kind()), allowed_values(row)));
        return false;
    }

    void plain(node at, const schema_row& row, const key_path& path) {
        if (takes_list(row.type) && !(at.kind() == node_kind::scalar && takes_one_or_list(row.type))) {
            list(at, row, path);
        } else if (expect(at, node_kind::scalar, row, path)) {
            scalar(at, row, path);
        }
    }

    void patterns(node map, const schema_row& row, const key_path& path) {
        once_each(map, path);
        schema_row each = row;
        each.type = value_type::preference;
        std::int64_t count = 0;
        for (auto key = map.first(); key; key = key->next()->next()) {
            ++count;
            const key_path here = path.key(key->text());
            if (key->kind() != node_kind::scalar || !parse_pattern(key->text())) {
                mistakes_.add(key->at(), here,
                              fmt::format("{} is not accepted; allowed: {}", in_quotes(key->text()),
                                          allowed_values(row)));
            } else if (key->next()->kind() == node_kind::null) {
                mistakes_.add(key->next()->at(), here,
                              fmt::format("there is no value; allowed: {}", allowed_values(each)));
            } else {
                plain(*key->next(), each, here);
            }
        }
        length(map, row, path, count);
    }

    void scalar(node at, const schema_row& row, const key_path& path) {
        if (auto trouble = value_trouble(row, at.text()); !trouble.empty()) {
            mistakes_.add(at.at(), path, std::move(trouble));
        }
    }

    void list(node at, const schema_row& row, const key_path& path) {
        if (at.kind() == node_kind::scalar) {
            const std::string_view why =
                row.type == value_type::argv ? ", since no shell takes it apart" : "";
            mistakes_.add(at.at(), path,
                          fmt::format("{} is not a list; write {}{}", in_quotes(at.text()),
                                      as_list(row, at.text()), why));
            return;
        }
        if (!expect(at, node_kind::list, row, path)) {
            return;
        }
        std::size_t index = 0;
        for (const node item : children(at)) {
            const key_path here = path.item(index);
            if (item.kind() != node_kind::scalar) {
                mistakes_.add(item.at(), here,
                              fmt::format("{} is not accepted here; allowed: {}", kind_name(item.kind()),
                                          allowed_values(row)));
            } else if (auto trouble = value_trouble(row, item.text(), index); !trouble.empty()) {
                mistakes_.add(item.at(), here, std::move(trouble));
            }
            ++index;
        }
        length(at, row, path, static_cast<std::int64_t>(index));
    }

    void length(node at, const schema_row& row, const key_path& path, std::int64_t count) {
        if (count < row.low) {
            mistakes_.add(at.at(), path, fmt::format("the list is empty; allowed: {}", allowed_values(row)));
        } else if (count > row.high) {
            mistakes_.add(at.at(), path,
                          fmt::format("the list has {} entries; allowed: at most {}", count, row.high));
        }
    }

    void names(node map, const schema_node& schema, const key_path& path) {
        once_each(map, path);
        for (auto key = map.first(); key; key = key->next()->next()) {
            if (key->kind() != node_kind::scalar || !is_safe_name(key->text())) {
                mistakes_.add(
                    key->at(), path.key(key->text()),
                    "a name here is 1 to 100 of a-z, 0-9, \".\", \"_\" and \"-\", a letter or digit first");
                continue;
            }
            value(*key->next(), *schema.element(), path.key(key->text()));
        }
    }

    void once_each(node map, const key_path& path) {
        const auto first = map.first();
        const auto second = first ? first->next()->next() : std::nullopt;
        if (!second) {
            return;
        }
        std::unordered_map<std::string_view, place> seen;
        for (auto key = first; key; key = key->next()->next()) {
            if (key->kind() != node_kind::scalar) {
                continue;
            }
            const auto [at, is_new] = seen.try_emplace(key->text(), key->at());
            if (!is_new) {
                mistakes_.add(key->at(), path.key(key->text()),
                              fmt::format("the key is given twice, first at {}", to_string(at->second)));
            }
        }
    }

    void unknown(node key, const schema_node& schema, const key_path& path) {
        std::string text = fmt::format("unknown key; allowed here: {}", fmt::join(schema.keys, ", "));
        if (auto hint = did_you_mean(key.text(), schema.keys); !hint.empty()) {
            text += hint;
        } else if (const auto elsewhere = paths_ending_in(key.text()); !elsewhere.empty()) {
            text += fmt::format("; it belongs in {}", fmt::join(elsewhere, " or "));
        }
        mistakes_.add(key.at(), path.key(key.text()), std::move(text));
    }

    mistake_list& mistakes_;
};

} // namespace

void check_document(node root, mistake_list& mistakes) {
    if (root.kind() != node_kind::map) {
        mistakes.add(root.at(), key_path(),
                     fmt::format("the file must be a map of keys such as `certificates:`, not {}",
                                 kind_name(root.kind())));
        return;
    }
    const key_path top;
    checker(mistakes).keys(root, schema_tree(), top);
}

} // namespace evercert::config
