#include "daemon/outputs/rendering.hpp"

#include "core/crypto/pkcs12.hpp"
#include "core/crypto/secret_file.hpp"

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
    const std::string place = "the password file " + file;
    const auto text = crypto::read_secret_file(file, longest_password_file, place);
    if (!text) {
        return fail(text.error());
    }
    std::string_view line = text->view().substr(0, text->view().find('\n'));
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    if (line.empty() || line.size() == longest_password_file || line.contains('\0')) {
        return fail(errc::io, place + " has no password in its first line, of at most 4095 bytes");
    }
    return crypto::secret(std::string(line));
}

} // namespace evercert::daemon
