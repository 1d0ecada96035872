#pragma once
// The files of a webroot. Blocking; different tokens may be worked on by several threads.
#include "core/base/error.hpp"

#include <string>

namespace evercert::solvers {

/// Below which folder a token is put, and what has to be made for it.
struct token_file {
    std::string root;  ///< of the web server; must exist
    std::string token; ///< one path component
    std::string contents;
};

/// Makes the file, readable by everybody, in one step: nobody sees half of it. What has its name already is
/// replaced. Errors say which folder the daemon has to be allowed to write to, and how.
result<void> put_token(const token_file& wanted);
/// Removes it, and the folders above it up to the root if they are empty now. Never fails: a folder that
/// somebody else uses stays.
void remove_token(const token_file& wanted) noexcept;

} // namespace evercert::solvers
