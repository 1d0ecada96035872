#pragma once
// A live version as the files of an output.
#include "core/crypto/secret.hpp"
#include "core/model/output.hpp"
#include "core/store/repository.hpp"

#include <string>
#include <vector>

namespace evercert::daemon {

/// Contents are wiped as it goes, with a key in them or not.
struct rendered_file {
    std::string name;
    crypto::secret contents;
    unsigned mode = 0;
};

/// All files of an output, for all pairs of the version. Equal versions make equal bytes. `password` protects
/// pkcs12. Throws std::runtime_error if OpenSSL cannot.
std::vector<rendered_file> render(const certificate_output& output, const std::string& certificate,
                                  const storage::stored_version& version, const crypto::secret& password);

/// The first line of a password file, without what ends it; empty for no file. Blocks. The password is in no
/// error.
result<crypto::secret> read_password(const std::string& file);

} // namespace evercert::daemon
