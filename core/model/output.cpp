#include "core/model/output.hpp"

#include <array>

namespace evercert {
namespace {

using enum output_format;

struct format_facts {
    output_format format;
    std::string_view name;
    bool key;
};
constexpr std::array formats{format_facts{cert, "cert", false},
                             format_facts{chain, "chain", false},
                             format_facts{fullchain, "fullchain", false},
                             format_facts{privkey, "privkey", true},
                             format_facts{combined, "combined", true},
                             format_facts{pkcs12, "pkcs12", true},
                             format_facts{der, "der", true}};

} // namespace

std::string_view to_string(output_format format) noexcept {
    return formats.at(static_cast<std::size_t>(format)).name;
}

std::optional<output_format> parse_output_format(std::string_view text) noexcept {
    for (const format_facts& each : formats) {
        if (each.name == text) {
            return each.format;
        }
    }
    return std::nullopt;
}

std::span<const output_format> all_output_formats() noexcept {
    static constexpr std::array all{cert, chain, fullchain, privkey, combined, pkcs12, der};
    return all;
}

bool holds_key(output_format format) noexcept {
    return formats.at(static_cast<std::size_t>(format)).key;
}

std::vector<output_file_name> files_of(output_format format, std::string_view certificate,
                                       std::optional<key_type> further) {
    const auto named = [&](std::string_view stem, std::string_view ending, bool key) {
        std::string name(stem);
        if (further) {
            name.append(".").append(to_string(*further));
        }
        return output_file_name{name.append(ending), key};
    };
    switch (format) {
    case pkcs12:
        return {named(certificate, ".p12", true)};
    case der:
        return {named("cert", ".der", false), named("privkey", ".der", true)};
    default:
        return {named(to_string(format), ".pem", holds_key(format))};
    }
}

std::string directory_of(const certificate_output& output, std::string_view certificate) {
    constexpr std::string_view mark = "{name}";
    std::string path = output.directory;
    for (auto at = path.find(mark); at != std::string::npos; at = path.find(mark, at + certificate.size())) {
        path.replace(at, mark.size(), certificate);
    }
    return path;
}

unsigned mode_of(const certificate_output& output, bool key) noexcept {
    return output.mode.value_or(key ? 0600 : 0644);
}

} // namespace evercert
