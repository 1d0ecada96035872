// Everything a CA may say in JSON: each reader gives a value or an error, whatever the bytes.
#include "core/acme/authorization.hpp"
#include "core/acme/directory.hpp"
#include "core/acme/order.hpp"
#include "core/acme/problem.hpp"
#include "core/json/value.hpp"
#include "core/json/writer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evercert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view directory = "https://ca.example/dir";
    const auto object = json::parse(text, 256 * 1024);
    if (!object) {
        return 0;
    }
    (void)acme::parse_directory(*object, directory);
    if (const auto order = acme::parse_order(*object, directory)) {
        for (const auto& url : order->authorizations) {
            if (!url.starts_with("https://")) {
                std::abort();
            }
        }
    }
    if (const auto proof = acme::parse_authorization(*object, directory)) {
        for (const auto& challenge : proof->challenges) {
            for (const char c : challenge.token) {
                const bool safe = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                  (c >= '0' && c <= '9') || c == '-' || c == '_';
                if (!safe) {
                    std::abort(); // a token becomes part of a path that is served
                }
            }
        }
    }
    // What we write of it is JSON again.
    json::writer again;
    again.begin_object();
    for (const auto& name : object->member_names()) {
        again.key(name).string(name);
    }
    again.end_object();
    if (!json::parse(again.text())) {
        std::abort();
    }
    return 0;
}
