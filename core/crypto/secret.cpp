#include "core/crypto/secret.hpp"

#include <openssl/crypto.h>

#include <bit>

namespace evercert::crypto {

void wipe(std::string& text) noexcept {
    // A moved-from or shortened string still has its old bytes up to its capacity.
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

bool initialise_secure_heap(std::size_t bytes) noexcept {
    static bool locked = false;
    if (CRYPTO_secure_malloc_initialized() == 0) {
        constexpr std::size_t smallest_piece = 32;
        // 2 means: allocated, but the pages could not be locked or guarded (RLIMIT_MEMLOCK).
        locked = CRYPTO_secure_malloc_init(std::bit_ceil(bytes), smallest_piece) == 1;
    }
    return locked;
}

} // namespace evercert::crypto
