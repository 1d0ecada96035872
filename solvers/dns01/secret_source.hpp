#pragma once
// Where a secret lies. It is read each time it is needed: a changed one needs no reload, and none stays in
// memory.
#include "core/base/error.hpp"
#include "core/crypto/secret.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evercert::solvers {

class secret_source {
public:
    secret_source() = default; ///< none at all
    static secret_source file(std::string path);
    /// A credential that systemd passes to the unit (LoadCredential=, LoadCredentialEncrypted=): a file of
    /// this name, or of this name after "evercert_", in $CREDENTIALS_DIRECTORY, which is looked up now.
    /// errc::invalid_argument for a name that is none, or when the unit has no credentials; not_found for one
    /// that it does not have, which only its next start can change.
    static result<secret_source> credential(std::string_view name);

    [[nodiscard]] bool empty() const noexcept { return path_.empty(); }
    /// For messages: the path, or "the credential NAME".
    [[nodiscard]] const std::string& place() const noexcept { return place_; }
    /// The content without the line ends that editors leave. Blocks: for a worker. Errors name the place:
    /// errc::not_found, io (also: no plain file), too_large, invalid_argument (nothing in it).
    [[nodiscard]] result<crypto::secret> read(std::size_t limit) const;

private:
    std::string path_;
    std::string place_;
};

} // namespace evercert::solvers
