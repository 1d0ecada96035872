#include "daemon/deploy/haproxy_files.hpp"

#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_file = 256 * 1024;

/// Appends the PEM blocks of `from` line by line; what stands around them, and blank lines, are left out.
void append_blocks(std::string_view from, std::string& to, bool certificates_only) {
    bool inside = false;
    while (!from.empty()) {
        const auto end = std::min(from.find('\n'), from.size());
        const std::string_view line = trim(from.substr(0, end));
        from.remove_prefix(std::min(end + 1, from.size()));
        const bool wanted = !certificates_only || line.ends_with(" CERTIFICATE-----");
        inside = inside || (line.starts_with("-----BEGIN ") && wanted);
        if (inside && !line.empty()) {
            to.append(line).push_back('\n');
        }
        inside = inside && !line.starts_with("-----END ");
    }
}

bool holds_key(std::string_view pem) {
    return pem.find(" PRIVATE KEY-----") != std::string_view::npos;
}

/// Where the key of a certificate without one would lie: privkey.rsa-2048.pem beside fullchain.rsa-2048.pem.
std::string key_beside(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string_view name = std::string_view(path).substr(slash + 1);
    for (const std::string_view stem : {"fullchain.", "cert."}) {
        if (name.starts_with(stem)) {
            return fmt::format("{}privkey.{}", path.substr(0, slash + 1), name.substr(stem.size()));
        }
    }
    return {};
}

} // namespace

std::vector<std::string> listed_files(std::string_view answer) {
    std::vector<std::string> out;
    while (!answer.empty()) {
        const auto end = std::min(answer.find('\n'), answer.size());
        const std::string_view line = answer.substr(0, end);
        answer.remove_prefix(std::min(end + 1, answer.size()));
        // "# filename" is a heading, and "*" marks what somebody is about to replace.
        const bool plain = std::ranges::all_of(line, [](char c) {
            return c > ' ' && c < 0x7f && std::string_view("\\;<\"'#$*`|").find(c) == std::string_view::npos;
        });
        if (line.starts_with('/') && plain) {
            out.emplace_back(line);
        }
    }
    return out;
}

result<certificate_file> read_certificate_file(const std::string& path) {
    const auto file = crypto::read_secret_file(path, longest_file, path);
    if (!file) {
        return fail(file.error());
    }
    std::string certificates;
    append_blocks(file->view(), certificates, true);
    const auto chain = crypto::parse_pem_chain(certificates);
    if (!chain) {
        return fail(chain.error().within(path));
    }
    certificate_file out;
    out.fingerprint = chain->front().fingerprint();
    crypto::secret key;
    if (!holds_key(file->view())) {
        const std::string beside = key_beside(path);
        auto other = beside.empty() ? fail(errc::not_found, "")
                                    : crypto::read_secret_file(beside, longest_file, beside);
        if (!other || !holds_key(other->view())) {
            return fail(errc::not_found, fmt::format("the key of {} is neither in it nor beside it", path));
        }
        key = std::move(*other);
    }
    std::string pem;
    pem.reserve(key.view().size() + file->view().size() + 2); // growing would leave copies of the key behind
    append_blocks(key.view(), pem, false);
    append_blocks(file->view(), pem, false); // its last line may lack an end
    out.pem = crypto::secret(std::move(pem));
    return out;
}

} // namespace evercert::daemon
