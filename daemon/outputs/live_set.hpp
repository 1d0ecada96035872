#pragma once
#include "core/base/time.hpp"
#include "core/model/managed_certificate.hpp"
#include "core/ports/store.hpp"
#include "core/store/repository.hpp"

namespace evercert::daemon {

/// The live version of a certificate, trusted no more than a CA's answer is: for a process that acts on files
/// of another user's. All files of the set are read once and fit together, each key its leaf; the key types
/// are ones evercert makes; each leaf is for exactly the names of `wanted`, is no CA, is valid (24 hours into
/// the future are allowed, for clocks that differ), and every certificate has issued the one below it.
///
/// What is returned is what was checked: use it, and do not read the files again. Blocks; keys are wiped as
/// their handles go. Errors: errc::not_found without a live version, errc::corrupted, errc::out_of_time (for
/// dates alone) and errc::refused, which say what is wrong and where.
result<storage::stored_version> read_live_set(store& files, const managed_certificate& wanted, wall_time now);

} // namespace evercert::daemon
