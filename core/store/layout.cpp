#include "core/store/layout.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace evercert::storage {

result<void> check_name(std::string_view name) {
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    if (name.empty() || name.size() > 200 || name.front() == '.' || !std::ranges::all_of(name, allowed)) {
        return fail(
            errc::invalid_argument,
            fmt::format(
                "\"{}\" cannot be a folder name: letters, digits, '.', '_' and '-' are allowed, no '.' "
                "in front, at most 200",
                escape(name, 100)));
    }
    return {};
}

namespace layout {

namespace {

constexpr std::string_view pem = ".pem";
constexpr std::string_view job_ending = ".json";

} // namespace

pair_files files_of_first_pair() {
    return {"cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"};
}

pair_files files_of_pair(key_type further) {
    const std::string_view type = to_string(further);
    return {fmt::format("cert.{}.pem", type), fmt::format("chain.{}.pem", type),
            fmt::format("fullchain.{}.pem", type), fmt::format("privkey.{}.pem", type)};
}

std::optional<key_type> further_pair_of(std::string_view file_name) {
    for (const std::string_view start : {"cert.", "chain.", "fullchain.", "privkey."}) {
        if (file_name.starts_with(start) && file_name.size() > start.size() + pem.size() &&
            file_name.ends_with(pem)) {
            file_name.remove_prefix(start.size());
            file_name.remove_suffix(pem.size());
            return parse_key_type(file_name);
        }
    }
    return std::nullopt;
}

std::string account_folder(std::string_view issuer) {
    return fmt::format("accounts/{}", issuer);
}
std::string account_key(std::string_view issuer) {
    return fmt::format("accounts/{}/account.key", issuer);
}
std::string next_account_key(std::string_view issuer) {
    return fmt::format("accounts/{}/account.next.key", issuer);
}
std::string account_record(std::string_view issuer) {
    return fmt::format("accounts/{}/account.json", issuer);
}
std::string certificate_folder(std::string_view certificate) {
    return fmt::format("certificates/{}", certificate);
}
std::string pending_key(std::string_view certificate, key_type type) {
    return fmt::format("certificates/{}/pending.{}.key", certificate, to_string(type));
}
std::string old_pending_key(std::string_view certificate) {
    return fmt::format("certificates/{}/pending.key", certificate);
}
bool is_pending_key(std::string_view file_name) {
    return file_name.starts_with("pending.") && file_name.ends_with(".key");
}
std::string versions(std::string_view certificate) {
    return fmt::format("certificates/{}/{}", certificate, versions_folder);
}
std::string version(std::string_view certificate, unsigned number) {
    return fmt::format("certificates/{}/{}/{}", certificate, versions_folder, version_name(number));
}
std::string live(std::string_view certificate) {
    return fmt::format("live/{}", certificate);
}
std::string job(std::string_view certificate) {
    return fmt::format("jobs/{}.json", certificate);
}
std::optional<std::string> certificate_of_job(std::string_view file_name) {
    if (!file_name.ends_with(job_ending)) {
        return std::nullopt;
    }
    file_name.remove_suffix(job_ending.size());
    return check_name(file_name) ? std::optional(std::string(file_name)) : std::nullopt;
}
std::string history(std::string_view certificate) {
    return fmt::format("history/{}.jsonl", certificate);
}

std::string version_name(unsigned number) {
    return fmt::format("{:04}", number);
}

std::optional<unsigned> parse_version_name(std::string_view name) {
    unsigned number = 0;
    auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
    // Writing it again refuses "7", "00007" and "+007" alike.
    if (wrong != std::errc() || end != name.data() + name.size() || number == 0 ||
        version_name(number) != name) {
        return std::nullopt;
    }
    return number;
}

std::optional<unsigned> version_of(std::string_view certificate, std::string_view target) {
    std::string folder = versions(certificate) + "/";
    if (!target.starts_with(folder)) {
        return std::nullopt;
    }
    return parse_version_name(target.substr(folder.size()));
}

} // namespace layout
} // namespace evercert::storage
