#include "solvers/dns01/secret_source.hpp"

#include "core/base/unique_fd.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace evercert::solvers {

namespace {

/// Into one buffer that never grows, so that no copy is left behind.
result<crypto::secret> read_all(int from, std::size_t size, const std::string& place) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::read(from, bytes.data() + have, size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int why = errno;
            crypto::wipe(bytes);
            return fail(system_error(why, "cannot read the secret in " + place));
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    while (have > 0 && (bytes[have - 1] == '\n' || bytes[have - 1] == '\r')) {
        --have;
    }
    bytes.resize(have);
    return crypto::secret(std::move(bytes));
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
    // Without O_NONBLOCK a pipe that somebody put there would hold the worker for ever.
    const unique_fd at(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (at.get() < 0) {
        return fail(system_error(errno, "cannot read the secret in " + place_));
    }
    struct stat about{};
    if (::fstat(at.get(), &about) != 0) {
        return fail(system_error(errno, "cannot read the secret in " + place_));
    }
    if (!S_ISREG(about.st_mode)) {
        return fail(errc::io, "cannot read the secret in " + place_ + ": it is not a plain file");
    }
    if (about.st_size < 0 || static_cast<std::size_t>(about.st_size) > limit) {
        return fail(
            errc::too_large,
            fmt::format("the secret in {} is longer than {} bytes: is it the right file?", place_, limit));
    }
    auto bytes = read_all(at.get(), static_cast<std::size_t>(about.st_size), place_);
    if (bytes && bytes->empty()) {
        return fail(errc::invalid_argument, place_ + " is empty: put the secret into it");
    }
    return bytes;
}

} // namespace evercert::solvers
