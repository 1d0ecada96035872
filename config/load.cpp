#include "config/load.hpp"

#include "config/build.hpp"
#include "config/check.hpp"
#include "config/document.hpp"
#include "config/files.hpp"
#include "config/text_check.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <malloc.h>

namespace evercert::config {
namespace {

constexpr std::size_t large_file = std::size_t{256} * 1024;

std::expected<settings, std::vector<mistake>> load_counted(const std::string& path, std::size_t& size) {
    auto text = read_file(path, max_file_size, false);
    if (!text) {
        return std::unexpected(std::vector<mistake>{
            {path, 0, 0, {}, fmt::format("the file cannot be read: {}", text.error().message)}});
    }
    size = text->size();
    return load_text(*text, path);
}

} // namespace

std::string mistake::to_string() const {
    std::string out = escape(file, 1000);
    if (line > 0) {
        out += fmt::format(":{}:{}", line, column);
    }
    out += ": ";
    if (!key.empty()) {
        out += key + ": ";
    }
    return out + text;
}

std::expected<settings, std::vector<mistake>> load_file(const std::string& path) {
    std::size_t size = 0;
    auto loaded = load_counted(path, size);
    if (size > large_file) {
        // The settings stay for the daemon's life; what the parser and the tree were made of is free again,
        // but in pieces that malloc would keep for itself.
        ::malloc_trim(0);
    }
    return loaded;
}

std::expected<settings, std::vector<mistake>> load_text(std::string_view text, const std::string& name) {
    mistake_list mistakes(name);
    document yaml;
    if (!check_text(text, mistakes) || !parse_document(without_bom(text), yaml, mistakes)) {
        return std::unexpected(mistakes.take());
    }
    const auto root = yaml.root();
    if (!root || root->kind() == node_kind::null) {
        mistakes.add({1, 1}, key_path(), "the file is empty; it needs at least `certificates:`");
        return std::unexpected(mistakes.take());
    }
    check_document(*root, mistakes);
    settings out;
    if (root->kind() == node_kind::map) {
        const section top(*root, schema_tree());
        build_basics(top, out, mistakes);
        build_issuers(top, out, mistakes);
        build_challenges(top, out, mistakes);
        build_deployments(top, out, mistakes);
        build_certificates(top, out, mistakes);
        build_notify(top, out, mistakes);
    }
    if (!mistakes.empty()) {
        return std::unexpected(mistakes.take());
    }
    return out;
}

} // namespace evercert::config
