// The head of a request to our listeners: read as a whole and byte by byte it means the same.
#include "core/net/request_head.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using evercert::net::head_scanner;
using evercert::net::parse_request_head;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    head_scanner whole;
    const auto at_once = whole.scan(text);
    head_scanner dripping;
    auto bit_by_bit = head_scanner::state::more;
    for (std::size_t i = 1; i <= size && bit_by_bit == head_scanner::state::more; ++i) {
        bit_by_bit = dripping.scan(text.substr(0, i));
    }
    if (at_once != bit_by_bit) {
        std::abort();
    }
    if (at_once == head_scanner::state::complete) {
        const auto head = parse_request_head(text.substr(whole.leading(), whole.size() - whole.leading()));
        if (head.status == 0) {
            const auto hostile = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
            for (const auto& part : {head.path, head.query, head.host, head.authority}) {
                for (const char c : part) {
                    if (hostile(static_cast<unsigned char>(c))) {
                        std::abort();
                    }
                }
            }
        }
    }
    return 0;
}
