#pragma once
// Outputs of a policy: read, and held to what is safe and to what the machine has.
#include "config/mistakes.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert::config {

class output_reader {
public:
    /// What it is given must outlive it.
    output_reader(const std::string& data_dir, mistake_list& mistakes)
        : data_dir_(data_dir), mistakes_(mistakes) {}

    /// `from` is `defaults` or a certificate, and `path` leads to it.
    std::vector<certificate_output> read(const section& from, const key_path& path);

private:
    void read_directory(const section& item, const key_path& path, bool for_all, certificate_output& into);
    void read_formats(const section& item, const key_path& path, certificate_output& into);
    void read_access(const section& item, const key_path& path, certificate_output& into);
    void read_password(const section& item, const key_path& path, certificate_output& into);
    std::string read_account(const section& item, const key_path& path, std::string_view key,
                             bool exists(const std::string&), std::map<std::string, bool>& known);

    const std::string& data_dir_;
    mistake_list& mistakes_;
    // Asking the system may mean asking a server, and many certificates name the same.
    std::map<std::string, bool> users_;
    std::map<std::string, bool> groups_;
};

/// No file may be written by two outputs. `origin` tells where a certificate's outputs are written, as a
/// place and a key.
void refuse_shared_files(const std::vector<certificate_ptr>& certificates,
                         const std::function<std::pair<place, std::string>(std::size_t)>& origin,
                         mistake_list& mistakes);

} // namespace evercert::config
