#include "core/backends/filesystem_store_impl.hpp"
#include "core/backends/store_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace evercert::backends {
namespace {

constexpr int append_flags = O_RDWR | O_APPEND | O_NOCTTY | O_NONBLOCK;

} // namespace

/// Nearly always the file is there, and one call opens it.
result<unique_fd> filesystem_store::open_to_append(std::string_view path, unsigned mode) {
    unique_fd file(open_beneath(root(), std::string(path), append_flags));
    if (file || errno != ENOENT) {
        return file ? result<unique_fd>(std::move(file))
                    : fail(file_error(errno, "append to", absolute(path)));
    }
    auto where = make_place(path);
    if (!where) {
        return fail(std::move(where.error()));
    }
    file = unique_fd(uninterrupted([&] {
        return ::openat(where->folder.get(), where->name.c_str(),
                        append_flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode & 0600U);
    }));
    if (!file) {
        return fail(file_error(errno, "create", absolute(path)));
    }
    return file;
}

result<std::uint64_t> filesystem_store::append(std::string_view path, std::string_view text, unsigned mode) {
    if (auto safe = check_own(path); !safe) {
        return fail(std::move(safe.error()));
    }
    auto file = open_to_append(path, mode);
    if (!file) {
        return fail(std::move(file.error()));
    }
    struct stat info{};
    if (::fstat(file->get(), &info) < 0) {
        return fail(file_error(errno, "append to", absolute(path)));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(file_error(EISDIR, "append to", absolute(path)));
    }
    if ((info.st_mode & 07777U) != mode) {
        if (auto exact = set_mode(file->get(), mode, shown(path)); !exact) {
            return fail(std::move(exact.error()));
        }
    }
    char last = '\n';
    if (info.st_size > 0 &&
        uninterrupted([&] { return ::pread(file->get(), &last, 1, info.st_size - 1); }) < 0) {
        return fail(file_error(errno, "append to", absolute(path)));
    }
    // One write, so that a crash tears at most this text.
    std::string parted;
    if (last != '\n') {
        text = parted.append("\n").append(text);
    }
    if (auto written = write_all(file->get(), text, shown(path)); !written) {
        // Half a line would only be in the way. If it cannot be cut off either, the next call parts it.
        [[maybe_unused]] const int cut = ::ftruncate(file->get(), info.st_size);
        return fail(std::move(written.error()));
    }
    return static_cast<std::uint64_t>(info.st_size) + text.size();
}

} // namespace evercert::backends
