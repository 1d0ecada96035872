#pragma once
// Which resolvers the system uses (resolv.conf(5)).
#include "core/model/endpoint.hpp"

#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace evercert::dns {

/// The `nameserver` lines, at most three as in the C library, on port 53; without one it is 127.0.0.1.
std::vector<endpoint> parse_resolv_conf(std::string_view text);

/// The file, read again when it has changed; looking costs one system call. One that cannot be read is as one
/// that is empty.
class resolv_conf {
public:
    explicit resolv_conf(std::string path) : path_(std::move(path)) {}
    const std::vector<endpoint>& servers();

private:
    std::string path_;
    struct stat seen_{};
    bool read_ = false;
    std::vector<endpoint> servers_;
};

} // namespace evercert::dns
