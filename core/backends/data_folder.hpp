#pragma once
#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

#include <string>

namespace evercert::backends {

/// The root of a store, open and locked for as long as this lives.
struct data_folder {
    std::string path; ///< absolute, as the operator wrote it
    unique_fd folder;
    unique_fd lock;
};

inline constexpr const char* lock_name = "lock";

/// Makes the folder (0700) if it is missing, refuses one that others may write into, and takes the lock.
result<data_folder> open_data_folder(const std::string& root);

} // namespace evercert::backends
