// Job and account records from a disk that lies: an error, or a record that survives being written again.
#include "core/store/records.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evercert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto job = storage::job_from_json(text)) {
        const auto again = storage::job_from_json(storage::to_json(*job));
        if (!again || !(*again == *job)) {
            std::abort();
        }
    }
    if (const auto account = storage::account_from_json(text)) {
        const auto again = storage::account_from_json(storage::to_json(*account));
        if (!again || !(*again == *account)) {
            std::abort();
        }
    }
    return 0;
}
