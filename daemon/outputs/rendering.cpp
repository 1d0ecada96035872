#include "daemon/outputs/rendering.hpp"

#include "core/base/unique_fd.hpp"
#include "core/crypto/pkcs12.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_password_file = 4096;

/// PEM of certificates from `first` on.
std::string chain_text(const storage::key_pair& pair, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < pair.chain.size(); ++i) {
        text += pair.chain[i].pem();
    }
    return text;
}

/// Key, leaf and chain, as HAProxy reads them.
crypto::secret combined_text(const storage::key_pair& pair) {
    const crypto::secret key = pair.key.to_pem();
    const std::string chain = chain_text(pair, 0);
    std::string text;
    text.reserve(key.view().size() + chain.size()); // growing would leave copies of the key behind
    text.append(key.view()).append(chain);
    return crypto::secret(std::move(text));
}

crypto::secret contents_of(output_format format, bool key, const std::string& certificate,
                           const storage::key_pair& pair, const crypto::secret& password) {
    switch (format) {
    case output_format::cert:
        return crypto::secret(pair.chain.front().pem());
    case output_format::chain:
        return crypto::secret(chain_text(pair, 1));
    case output_format::fullchain:
        return crypto::secret(chain_text(pair, 0));
    case output_format::privkey:
        return pair.key.to_pem();
    case output_format::combined:
        return combined_text(pair);
    case output_format::pkcs12:
        return crypto::make_pkcs12(certificate, pair.chain, pair.key, password);
    case output_format::der:
        return key ? crypto::private_key_der(pair.key) : crypto::secret(pair.chain.front().der());
    }
    return {};
}

} // namespace

std::vector<rendered_file> render(const certificate_output& output, const std::string& certificate,
                                  const storage::stored_version& version, const crypto::secret& password) {
    std::vector<rendered_file> files;
    for (const storage::key_pair& pair : version.pairs) {
        const bool first = &pair == &version.pairs.front();
        const auto further = first ? std::nullopt : std::optional(pair.key.type());
        for (const output_format format : output.formats) {
            for (output_file_name& file : files_of(format, certificate, further)) {
                rendered_file made;
                made.name = std::move(file.name);
                made.mode = mode_of(output, file.key);
                made.contents = contents_of(format, file.key, certificate, pair, password);
                files.push_back(std::move(made));
            }
        }
    }
    return files;
}

result<crypto::secret> read_password(const std::string& file) {
    if (file.empty()) {
        return crypto::secret();
    }
    const auto wrong = [&](std::string_view what) {
        return fail(errc::io, fmt::format("the password file {} {}", file, what));
    };
    const unique_fd open(
        uninterrupted([&] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); }));
    struct stat info{};
    if (!open || ::fstat(open.get(), &info) < 0) {
        return fail(system_error(errno, "cannot read the password file " + file));
    }
    if (!S_ISREG(info.st_mode)) {
        return wrong("is not a regular file");
    }
    std::string text(longest_password_file, '\0');
    const ssize_t size = uninterrupted([&] { return ::read(open.get(), text.data(), text.size()); });
    if (size < 0) {
        return fail(system_error(errno, "cannot read the password file " + file));
    }
    const std::string_view all(text.data(), static_cast<std::size_t>(size));
    std::string_view line = all.substr(0, all.find('\n'));
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    const bool whole = all.size() < text.size() || line.size() < all.size();
    const bool good = whole && !line.empty() && line.find('\0') == std::string_view::npos;
    crypto::secret password = good ? crypto::secret(std::string(line)) : crypto::secret();
    crypto::wipe(text);
    return good ? result<crypto::secret>(std::move(password))
                : wrong("has no password in its first line, of at most 4095 bytes");
}

} // namespace evercert::daemon
