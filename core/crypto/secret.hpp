#pragma once
// Text that is wiped when it goes: private key PEM, HMAC keys.
#include <string>
#include <string_view>

namespace evercert::crypto {

/// Overwrites the whole buffer of `text` so that the compiler cannot drop it, then empties it.
void wipe(std::string& text) noexcept;

/// Owns secret bytes; not copyable, wiped at destruction and at move-from.
class secret {
public:
    secret() = default;
    explicit secret(std::string bytes) noexcept : bytes_(std::move(bytes)) { wipe(bytes); }
    secret(secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
    secret& operator=(secret&& other) noexcept {
        if (this != &other) {
            wipe(bytes_);
            bytes_ = std::move(other.bytes_);
            wipe(other.bytes_);
        }
        return *this;
    }
    ~secret() { wipe(bytes_); }
    [[nodiscard]] std::string_view view() const noexcept { return bytes_; }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    /// Drops the line ends that editors leave behind it.
    void drop_line_ends() noexcept {
        while (!bytes_.empty() && (bytes_.back() == '\n' || bytes_.back() == '\r')) {
            bytes_.pop_back();
        }
    }

private:
    std::string bytes_;
};

/// From now on all that OpenSSL frees on the ordinary heap is overwritten: reading a key from DER leaves its
/// number behind there. First thing in a program, before OpenSSL has allocated anything; false if that is
/// too late.
bool wipe_what_openssl_frees() noexcept;

/// Prepares OpenSSL's locked heap, so that private keys live in memory that is neither swapped nor dumped.
/// Once, before the first key. False when the pages could not be protected.
bool initialise_secure_heap(std::size_t bytes = 1024 * 1024) noexcept;

} // namespace evercert::crypto
