#include "core/crypto/secret.hpp"

#include <openssl/crypto.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <malloc.h>

namespace evercert::crypto {

void wipe(std::string& text) noexcept {
    // A moved-from or shortened string still has its old bytes up to its capacity.
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

namespace {

void* take(std::size_t size, const char*, int) {
    return std::malloc(size);
}

void give_back(void* memory, const char*, int) {
    if (memory != nullptr) {
        OPENSSL_cleanse(memory, ::malloc_usable_size(memory));
        std::free(memory);
    }
}

/// realloc would leave the old bytes where they were when it moves.
void* take_more(void* memory, std::size_t size, const char* file, int line) {
    if (memory == nullptr) {
        return take(size, file, line);
    }
    if (size == 0) {
        give_back(memory, file, line);
        return nullptr;
    }
    const std::size_t have = ::malloc_usable_size(memory);
    if (size <= have) {
        return memory;
    }
    void* const larger = std::malloc(size);
    if (larger != nullptr) {
        std::memcpy(larger, memory, have);
        give_back(memory, file, line);
    }
    return larger;
}

} // namespace

bool wipe_what_openssl_frees() noexcept {
    return CRYPTO_set_mem_functions(take, take_more, give_back) == 1;
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
