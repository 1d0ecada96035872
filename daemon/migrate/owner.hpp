#pragma once
// Whom the data belong to: a root that imports leaves nothing behind that the daemon's user cannot use.
#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace evercert::daemon {

struct file_owner {
    uid_t user = 0;
    gid_t group = 0;
};

/// The owner of `data_dir`. If it does not exist, root makes it (0700) for the user evercert, where there is
/// such a user; else it is left to the store, and to whoever runs this.
result<file_owner> prepare_data_dir(const std::string& data_dir);

/// Root acts as somebody else for as long as this lives: what is made then belongs to them, and what they may
/// not read is not read. For everybody else and for root's own files it does nothing. errc::io if the system
/// refuses. One at a time; it concerns all threads.
class acting_as {
public:
    static result<acting_as> become(file_owner who);
    acting_as(acting_as&& other) noexcept : changed_(std::exchange(other.changed_, false)) {}
    acting_as& operator=(acting_as&&) = delete;
    ~acting_as();

private:
    explicit acting_as(bool changed) noexcept : changed_(changed) {}
    bool changed_;
};

/// Writes a whole file in one step, synced, owned by `owner` where root writes. Its folder is made (0755) if
/// it is missing. Without `replace` errc::exists if it is there already.
result<void> write_file(const std::string& path, std::string_view text, unsigned mode, file_owner owner,
                        bool replace);

} // namespace evercert::daemon
