#include "solvers/dns01/secret_source.hpp"

#include "core/crypto/secret_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <unistd.h>

namespace evercert::solvers {
namespace {

std::string_view mend_of(const std::string& path, bool is_credential) {
    if (!is_credential && ::access(path.c_str(), R_OK) != 0 && errno == EACCES) {
        return ". Give the daemon's user the right to read it (for a service: `chgrp evercert` and `chmod "
               "0640`), or make it a credential in /etc/evercert/credentials";
    }
    return "";
}

} // namespace

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
            fmt::format(
                "the credential {0} cannot be found: $CREDENTIALS_DIRECTORY is not set. Run evercertd as "
                "a service, which has what lies in /etc/evercert/credentials, or name a file",
                name));
    }
    secret_source made;
    made.path_ = fmt::format("{}/{}", folder, name);
    // evercertd.service loads a whole folder under this prefix
    // (LoadCredential=evercert:/etc/evercert/credentials).
    if (::access(made.path_.c_str(), F_OK) != 0) {
        std::string of_folder = fmt::format("{}/evercert_{}", folder, name);
        if (::access(of_folder.c_str(), F_OK) != 0) {
            return fail(errc::not_found,
                        fmt::format("there is no credential {0}. Put it into a file of that name in "
                                    "/etc/evercert/credentials, and restart evercertd: systemd reads that "
                                    "folder when it starts it",
                                    name));
        }
        made.path_ = std::move(of_folder);
    }
    made.place_ = fmt::format("the credential {}", name);
    return made;
}

result<crypto::secret> secret_source::read(std::size_t limit) const {
    auto bytes = crypto::read_secret_file(path_, limit, "the secret in " + place_);
    if (!bytes) {
        bytes.error().message += mend_of(path_, place_ != path_);
        return bytes;
    }
    bytes->drop_line_ends();
    if (bytes->empty()) {
        return fail(errc::invalid_argument, place_ + " is empty: put the secret into it");
    }
    return bytes;
}

} // namespace evercert::solvers
