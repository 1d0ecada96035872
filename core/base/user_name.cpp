#include "core/base/user_name.hpp"

#include <array>
#include <pwd.h>

namespace evercert {

std::optional<std::string> user_name(unsigned uid) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    if (::getpwuid_r(uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    return std::string(entry.pw_name);
}

} // namespace evercert
