#include "config/names.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <memory>

namespace evercert::config {
namespace {

struct idn_deleter {
    void operator()(char* text) const noexcept { idn2_free(text); }
};

bool is_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

result<std::string> to_a_labels(std::string_view text) {
    const std::string copy(text);
    char* out = nullptr;
    const int code = idn2_to_ascii_8z(copy.c_str(), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, idn_deleter> owned(out);
    if (code != IDN2_OK) {
        return fail(errc::invalid_argument,
                    fmt::format("this cannot be an international domain name: {}", idn2_strerror(code)));
    }
    return std::string(owned.get());
}

/// Whether every "xn--" label decodes. What IDNA2008 disallows (emoji) but registries sold is left to the CA.
result<void> check_a_labels(std::string_view text) {
    if (text.find("--") == std::string_view::npos) {
        return {};
    }
    const std::string lower = to_lower_ascii(text);
    for (std::string_view rest = lower; !rest.empty();) {
        const auto dot = rest.find('.');
        const std::string label(rest.substr(0, dot));
        rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
        if (!label.starts_with("xn--")) {
            continue;
        }
        char* out = nullptr;
        const int code = idn2_to_unicode_8z8z(label.c_str(), &out, 0);
        const std::unique_ptr<char, idn_deleter> owned(out);
        if (code != IDN2_OK || is_ascii(owned.get())) {
            return fail(errc::invalid_argument,
                        fmt::format("\"{}\" is not correct Punycode", escape(label, 80)));
        }
    }
    return {};
}

} // namespace

result<identifier> parse_name(std::string_view text, bool allow_single_label) {
    // The longest name of 253 characters needs no more UTF-8 than this.
    if (text.size() > 1100 || text.find('\0') != std::string_view::npos) {
        return fail(errc::invalid_argument, "a name has at most 253 characters");
    }
    if (is_ascii(text)) {
        if (auto ok = check_a_labels(text); !ok) {
            return fail(ok.error());
        }
        return parse_identifier(text, allow_single_label);
    }
    const bool wildcard = text.starts_with("*.");
    auto ascii = to_a_labels(wildcard ? text.substr(2) : text);
    if (!ascii) {
        return fail(ascii.error());
    }
    auto made = parse_identifier((wildcard ? "*." : "") + *ascii, allow_single_label);
    if (made && (made->type == identifier::kind::ip || made->wildcard() != wildcard)) {
        return fail(errc::invalid_argument, "an address or a wildcard is written in ASCII");
    }
    return made;
}

result<std::string> parse_pattern(std::string_view text) {
    if (text == "*") {
        return std::string(text);
    }
    auto name = parse_name(text, true);
    if (!name) {
        return fail(std::move(name.error()));
    }
    return std::move(name->value);
}

bool is_safe_name(std::string_view name) noexcept {
    auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= 100 && plain(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

std::string directory_name(const identifier& first) {
    std::string name = first.wildcard() ? "wildcard." + first.base() : first.value;
    std::replace(name.begin(), name.end(), ':', '-');
    return name.starts_with('-') ? "0" + name : name;
}

} // namespace evercert::config
