// Job and account records of both formats from a disk that lies: an error, or a record that survives being
// written again and whose helpers hold.
#include "core/store/records.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evercert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t enough = 256 * 1024; // the largest records lose their oldest entries when written
    const std::string_view text(reinterpret_cast<const char*>(data), size < enough ? size : enough);
    if (const auto job = storage::job_from_json(text)) {
        const auto again = storage::job_from_json(storage::to_json(*job));
        if (!again || !(*again == *job)) {
            std::abort();
        }
        const bool troubled = job->latest_trouble() != nullptr;
        if (troubled == job->troubles.empty() || (job->failures() != 0 && !troubled) ||
            (job->live && job->live->not_after() > job->live->first().not_after)) {
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
