#pragma once
// Puts rendered files where they belong, all of them or none.
#include "daemon/outputs/rendering.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace evercert::daemon {

/// Whom files are given to; nullopt: whom the system gives them to.
struct file_owner {
    std::optional<uid_t> user;
    std::optional<gid_t> group;
};

/// Looks owner and group up, by name or number; a user's own group goes with the user. Blocks: the system may
/// ask a server. errc::not_found names who is not known.
result<file_owner> owner_of(const certificate_output& output);

struct output_folder {
    std::string path; ///< absolute
    file_owner owner;
    std::vector<rendered_file> files;
};

/// Writes what is not there already, with these contents, owner and mode, and returns the paths of what was
/// written. First everything is staged beside its target and synced; only then are files replaced, one by
/// one, and the folders synced: a full disk or a refusal leaves everything as it was, and a replacement that
/// fails has those before it taken back (where the file system can let files change places: renameat2(2)).
/// At no instant is a file wider than asked for, whatever the umask. The last folder of a path is made if it
/// is missing (0755 if a file is for others to read, else 0750). What is in the way of a file and is none
/// itself is refused. Blocks.
///
/// A crash between two replacements leaves old and new files side by side, each of them whole, until the next
/// writing; and a ".NAME.evercert-new", with an owner and mode of NAME, which that removes. `service` is for
/// trouble.hpp.
result<std::vector<std::string>> write_outputs(const std::vector<output_folder>& folders,
                                               std::string_view service);

} // namespace evercert::daemon
