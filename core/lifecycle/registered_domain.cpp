#include "core/lifecycle/registered_domain.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <libpsl.h>
#include <memory>

namespace evercert::lifecycle {
namespace {

constexpr const char* system_list = "/usr/share/publicsuffix/public_suffix_list.dafsa";

/// Null only if the library was built without a list and the system has none.
const psl_ctx_t* suffix_list() {
    static const std::unique_ptr<psl_ctx_t, void (*)(psl_ctx_t*)> list(psl_latest(system_list), psl_free);
    return list.get();
}

std::string last_two_labels(const std::string& name) {
    const auto dot = name.rfind('.');
    const auto before = dot == std::string::npos || dot == 0 ? dot : name.rfind('.', dot - 1);
    return before == std::string::npos ? name : name.substr(before + 1);
}

std::string network_of(const std::string& address) {
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    if (inet_pton(AF_INET6, address.c_str(), binary.data()) != 1) {
        return address;
    }
    std::fill(binary.begin() + 8, binary.end(), static_cast<unsigned char>(0));
    std::array<char, INET6_ADDRSTRLEN> printed{};
    inet_ntop(AF_INET6, binary.data(), printed.data(), printed.size());
    return std::string(printed.data()) + "/64";
}

} // namespace

std::string registered_domain(const identifier& name) {
    if (name.type == identifier::kind::ip) {
        return network_of(name.value);
    }
    std::string base = name.base();
    const psl_ctx_t* list = suffix_list();
    if (list == nullptr) {
        return last_two_labels(base);
    }
    const char* found = psl_registrable_domain(list, base.c_str()); // points into `base`
    return found != nullptr ? std::string(found) : base;
}

} // namespace evercert::lifecycle
