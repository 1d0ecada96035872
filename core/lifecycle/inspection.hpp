#pragma once
// What the files say about a certificate, in the machine's terms.
#include "core/lifecycle/machine.hpp"
#include "core/store/repository.hpp"

#include <string>
#include <string_view>

namespace evercert::lifecycle {

version_facts facts_of(const storage::stored_version& version, key_type key);

struct inspection {
    looked seen;
    std::string trouble; ///< what was found damaged; empty if all is well
};

/// Reads the record and the versions of one certificate. Blocking. The files decide: without a usable live
/// version the newest usable one is put forward; a version that a crash kept from being recorded is found by
/// its order's key.
result<inspection> inspect(const storage::repository& files, std::string_view certificate);

} // namespace evercert::lifecycle
