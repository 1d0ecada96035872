#include "solvers/dns01/secret_source.hpp"

#include "core/crypto/secret_file.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace evercert::solvers {

secret_source secret_source::file(std::string path) {
    secret_source made;
    made.place_ = path;
    made.path_ = std::move(path);
    return made;
}

result<secret_source> secret_source::credential(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) {
        return fail(errc::invalid_argument, fmt::format("\"{}\" is no name of a credential", name));
    }
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder != '/') {
        return fail(
            errc::invalid_argument,
            fmt::format("the credential {0} cannot be found: $CREDENTIALS_DIRECTORY is not set; give it to "
                        "the unit with LoadCredential={0}:/path, or name a file",
                        name));
    }
    secret_source made;
    made.path_ = fmt::format("{}/{}", folder, name);
    made.place_ = fmt::format("the credential {}", name);
    return made;
}

result<crypto::secret> secret_source::read(std::size_t limit) const {
    auto bytes = crypto::read_secret_file(path_, limit, "the secret in " + place_);
    if (bytes) {
        bytes->drop_line_ends();
    }
    if (bytes && bytes->empty()) {
        return fail(errc::invalid_argument, place_ + " is empty: put the secret into it");
    }
    return bytes;
}

} // namespace evercert::solvers
