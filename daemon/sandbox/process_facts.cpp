#include "daemon/sandbox/process_facts.hpp"

#include "core/base/user_name.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace evercert::daemon {
namespace {

std::string read_small(const char* path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string_view value_of(std::string_view text, std::string_view key) {
    const auto at = ("\n" + std::string(text)).find("\n" + std::string(key) + ":");
    if (at == std::string::npos) {
        return {};
    }
    std::string_view rest = text.substr(at + key.size() + 1);
    rest = rest.substr(0, rest.find('\n'));
    const auto begin = rest.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view() : rest.substr(begin);
}

std::string capabilities_in_words(std::string_view mask, std::string_view last) {
    std::uint64_t have = 0;
    unsigned highest = 0;
    if (std::from_chars(mask.data(), mask.data() + mask.size(), have, 16).ec != std::errc()) {
        return "unknown";
    }
    if (have == 0) {
        return "none";
    }
    const bool known =
        std::from_chars(last.data(), last.data() + last.size(), highest).ec == std::errc() && highest < 63;
    return known && have == (std::uint64_t{2} << highest) - 1 ? "all" : fmt::format("0x{:x}", have);
}

} // namespace

process_facts parse_process_status(std::string_view text, std::string_view last_capability) {
    process_facts facts;
    facts.capabilities = capabilities_in_words(value_of(text, "CapEff"), last_capability);
    facts.no_new_privileges = value_of(text, "NoNewPrivs") == "1";
    facts.filtered = value_of(text, "Seccomp") == "2";
    return facts;
}

process_facts read_process_facts() {
    process_facts facts =
        parse_process_status(read_small("/proc/self/status"), read_small("/proc/sys/kernel/cap_last_cap"));
    facts.user = user_name(::geteuid()).value_or(fmt::format("uid {}", ::geteuid()));
    return facts;
}

} // namespace evercert::daemon
