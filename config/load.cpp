#include "config/load.hpp"

#include "config/build.hpp"
#include "config/check.hpp"
#include "config/document.hpp"
#include "config/files.hpp"
#include "config/text_check.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace evercert::config {

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
    auto text = read_file(path, max_file_size, false);
    if (!text) {
        return std::unexpected(std::vector<mistake>{
            {path, 0, 0, {}, fmt::format("the file cannot be read: {}", text.error().message)}});
    }
    return load_text(*text, path);
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
    }
    if (!mistakes.empty()) {
        return std::unexpected(mistakes.take());
    }
    return out;
}

std::vector<std::string> warnings(const settings& checked) {
    std::vector<std::string> out;
    std::set<std::string> silent;
    std::set<std::string> addresses;
    for (const managed_certificate& certificate : checked.certificates) {
        const issuer& at = checked.issuers.at(certificate.issuer);
        if (at.contacts.empty()) {
            silent.insert(at.name);
        }
        const bool has_address =
            std::any_of(certificate.names.begin(), certificate.names.end(),
                        [](const identifier& name) { return name.type == identifier::kind::ip; });
        if (has_address && at.directory.find(".api.letsencrypt.org/") != std::string::npos) {
            addresses.insert(certificate.name);
        }
    }
    for (const std::string& name : silent) {
        out.push_back(fmt::format(
            "no mail address is given for issuer {}: the CA cannot write to you about revocations "
            "and other news; add `email:`",
            name));
    }
    for (const std::string& name : addresses) {
        out.push_back(
            fmt::format("certificate {} has an IP address, which Let's Encrypt signs only under its profile "
                        "\"shortlived\"; this version cannot ask for a profile, so the CA will refuse",
                        name));
    }
    return out;
}

} // namespace evercert::config
