#pragma once
// http-01 (RFC 8555 section 8.3) answered by another server, from files that are put where it looks.
#include "core/base/worker_pool.hpp"
#include "core/ports/solver.hpp"

#include <memory>
#include <string>

namespace evercert::solvers {

/// `folder` is absolute; "{name}" in it stands for the name that is proven. It must exist; what is missing of
/// ".well-known/acme-challenge" below it is made, and taken away again when nothing else is in it. Below
/// `folder` no symbolic link is followed. The pool must outlive the solver.
std::unique_ptr<solver> make_webroot_solver(std::string folder, worker_pool& workers);

} // namespace evercert::solvers
