#include "core/crypto/handles.hpp"

#include <openssl/err.h>

#include <stdexcept>

namespace evercert::crypto {

std::string take_openssl_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) {
        return "OpenSSL gives no reason";
    }
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) {
        return reason;
    }
    std::string text(256, '\0');
    ERR_error_string_n(code, text.data(), text.size());
    text.resize(text.find('\0'));
    return text;
}

void require(bool good, std::string_view what) {
    if (!good) {
        throw std::runtime_error(std::string(what) + " failed in OpenSSL: " + take_openssl_reason());
    }
}

} // namespace evercert::crypto
