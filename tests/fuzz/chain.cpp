// Certificate chains and keys as a CA or a damaged disk gives them.
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evercert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto chain = crypto::parse_pem_chain(text)) {
        for (const auto& one : *chain) {
            (void)one.names();
            (void)one.subject_common_name();
            (void)one.serial();
        }
        const auto again = crypto::parse_pem_chain(crypto::to_pem(*chain));
        if (!again || again->size() != chain->size()) {
            std::abort();
        }
        const crypto::chain_expectation expected{
            .public_digest = chain->front().public_digest(),
            .names = chain->front().names().value_or(std::vector<identifier>{}),
            .now = chain->front().not_before()};
        (void)crypto::check_chain(std::move(*chain), expected);
    }
    (void)crypto::certificate::from_der(text);
    (void)crypto::key::from_pem(text);
    return 0;
}
