// Any bytes are either settings or mistakes with places; never a crash, a hang or an empty error.
#include "config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto loaded = evercert::config::load_text(text, "fuzz.yaml");
    if (loaded) {
        if (!(evercert::config::load_text(text, "fuzz.yaml") == loaded)) {
            std::abort(); // the same text means the same
        }
        (void)evercert::config::warnings(*loaded);
        return 0;
    }
    if (loaded.error().empty()) {
        std::abort();
    }
    for (const auto& mistake : loaded.error()) {
        const std::string line = mistake.to_string();
        if (mistake.line < 1 || mistake.column < 1 || line.find('\n') != std::string::npos) {
            std::abort();
        }
    }
    return 0;
}
