#include "daemon/log/printable.hpp"

#include "core/base/text.hpp"

namespace evercert::daemon {

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    while (!text.empty()) {
        if (out.size() >= limit) {
            return out + "...";
        }
        if (text.front() == '"' || text.front() == '\\') {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        const std::string_view run = text.substr(0, text.find_first_of("\"\\"));
        out += escape(run, limit - out.size());
        if (out.size() > limit) {
            return out; // escape has cut it
        }
        text.remove_prefix(run.size());
    }
    return out;
}

} // namespace evercert::daemon
