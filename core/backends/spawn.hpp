#pragma once
#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace evercert::backends {

/// What a program finds in its environment besides what was asked for.
inline constexpr const char* program_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A started program: the leader of its own process group. Whoever holds this must reap it.
struct spawned {
    pid_t pid = -1;
    unique_fd pidfd;  ///< readable once the program has ended
    unique_fd output; ///< stdout and stderr, until every holder has closed it
    unique_fd errors; ///< stderr alone, if that was asked for
};

/// The file to run for argv[0]; errc::not_found says where it was looked for.
result<std::string> find_program(const std::string& name);
/// Starts `file` with stdin from /dev/null or a file that holds `input`, no other descriptors, default
/// signals, nothing blocked. Ready made "NAME=value" strings are the whole environment; they are wiped.
result<spawned> spawn(const std::string& file, const std::vector<std::string>& argv,
                      std::vector<std::string> environment, bool stderr_apart = false,
                      std::string_view input = {});

} // namespace evercert::backends
