#include "daemon/deploy/haproxy_files.hpp"

#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/crypto/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_file = 256 * 1024;

/// Wiped when it goes; never grown, since that would leave copies of a key behind.
class wiped_text {
public:
    explicit wiped_text(std::size_t size) { text.reserve(size); }
    ~wiped_text() { crypto::wipe(text); }
    wiped_text(wiped_text&& other) noexcept : text(std::move(other.text)) { crypto::wipe(other.text); }
    wiped_text(const wiped_text&) = delete;
    wiped_text& operator=(const wiped_text&) = delete;
    wiped_text& operator=(wiped_text&&) = delete;

    std::string text;
};

result<wiped_text> read_whole(const std::string& path) {
    // Without waiting: the path is HAProxy's, and might be a FIFO by now.
    const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info{};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
        return fail(system_error(errno, "cannot read " + path));
    }
    if (!S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) > longest_file) {
        return fail(errc::too_large, path + " is no file, or too large for a certificate");
    }
    wiped_text out(static_cast<std::size_t>(info.st_size));
    out.text.resize(static_cast<std::size_t>(info.st_size));
    std::size_t have = 0;
    while (have < out.text.size()) {
        const ssize_t got =
            uninterrupted([&] { return ::read(file.get(), out.text.data() + have, out.text.size() - have); });
        if (got < 0) {
            return fail(system_error(errno, "cannot read " + path));
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    out.text.resize(have);
    return out;
}

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
    auto file = read_whole(path);
    if (!file) {
        return fail(std::move(file.error()));
    }
    std::string certificates;
    append_blocks(file->text, certificates, true);
    const auto chain = crypto::parse_pem_chain(certificates);
    if (!chain) {
        return fail(chain.error().within(path));
    }
    certificate_file out;
    out.fingerprint = chain->front().fingerprint();
    wiped_text key(0);
    if (!holds_key(file->text)) {
        const std::string beside = key_beside(path);
        auto other = beside.empty() ? fail(errc::not_found, "") : read_whole(beside);
        if (!other || !holds_key(other->text)) {
            return fail(errc::not_found, fmt::format("the key of {} is neither in it nor beside it", path));
        }
        key.text.swap(other->text);
    }
    // Its last line may lack an end.
    wiped_text pem(key.text.size() + file->text.size() + 2);
    append_blocks(key.text, pem.text, false);
    append_blocks(file->text, pem.text, false);
    out.pem = crypto::secret(std::move(pem.text));
    return out;
}

} // namespace evercert::daemon
