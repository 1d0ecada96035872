#include "core/crypto/secret_file.hpp"

#include "core/base/unique_fd.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace evercert::crypto {

result<secret> read_secret_file(const std::string& path, std::size_t limit, const std::string& place) {
    const auto cannot = [&place](int why) { return fail(system_error(why, "cannot read " + place)); };
    // Without O_NONBLOCK a pipe that somebody put there would hold the worker for ever.
    const unique_fd at(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat about{};
    if (at.get() < 0 || ::fstat(at.get(), &about) != 0) {
        return cannot(errno);
    }
    if (!S_ISREG(about.st_mode)) {
        return fail(errc::io, "cannot read " + place + ": it is not a plain file");
    }
    if (about.st_size < 0 || static_cast<std::size_t>(about.st_size) > limit) {
        return fail(errc::too_large,
                    fmt::format("{} is longer than {} bytes: is it the right file?", place, limit));
    }
    const auto size = static_cast<std::size_t>(about.st_size);
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::read(at.get(), bytes.data() + have, size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int why = errno;
            wipe(bytes);
            return cannot(why);
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return secret(std::move(bytes));
}

} // namespace evercert::crypto
