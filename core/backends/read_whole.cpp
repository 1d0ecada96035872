#include "core/backends/read_whole.hpp"

#include "core/backends/store_path.hpp"

#include <string.h>
#include <unistd.h>

namespace evercert::backends {

result<std::string> read_whole(int fd, std::size_t size, const shown_path& shown) {
    // One byte more, so that getting less than asked for tells that the end has come.
    std::string contents(size + 1, '\0');
    std::size_t filled = 0;
    ssize_t n = 0;
    do {
        n = uninterrupted([&] { return ::read(fd, contents.data() + filled, contents.size() - filled); });
        filled += n > 0 ? static_cast<std::size_t>(n) : 0;
    } while (n > 0 && filled < size);
    if (n < 0 || filled != size) {
        error why = n < 0 ? file_error(errno, "read", shown.text())
                          : error(errc::io, shown.text() + " changed while it was read");
        ::explicit_bzero(contents.data(), contents.size());
        return fail(std::move(why));
    }
    contents.resize(filled);
    return contents;
}

} // namespace evercert::backends
