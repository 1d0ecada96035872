#include "config/outputs.hpp"

#include "config/build.hpp"
#include "config/files.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <grp.h>
#include <pwd.h>

namespace evercert::config {
namespace {

constexpr std::string_view name_mark = "{name}";
constexpr unsigned for_others = 07;
constexpr unsigned writable_by_others = 02;

bool is_number(const std::string& text) {
    unsigned value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, value);
    return ec == std::errc() && stop == end && value != ~0U; // the last one means "leave it as it is"
}

bool user_exists(const std::string& name) {
    return ::getpwnam(name.c_str()) != nullptr || is_number(name);
}

bool group_exists(const std::string& name) {
    return ::getgrnam(name.c_str()) != nullptr || is_number(name);
}

bool lies_in(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

} // namespace

std::vector<certificate_output> output_reader::read(const section& from, const key_path& path) {
    const key_path list = path.key("outputs");
    const bool for_all = path.text() == "defaults";
    std::vector<certificate_output> all;
    std::size_t index = 0;
    for (const std::optional<section>& item : from.sections("outputs")) {
        const key_path here = list.item(index++);
        if (!item) {
            continue;
        }
        certificate_output made;
        read_directory(*item, here, for_all, made);
        read_formats(*item, here, made);
        read_access(*item, here, made);
        read_password(*item, here, made);
        if (!made.directory.empty() && !made.formats.empty()) {
            all.push_back(std::move(made));
        }
    }
    return all;
}

void output_reader::read_directory(const section& item, const key_path& path, bool for_all,
                                   certificate_output& into) {
    into.directory = item.path("directory").value_or("");
    if (into.directory.empty()) {
        return;
    }
    const key_path key = path.key("directory");
    if (for_all && into.directory.find(name_mark) == std::string::npos) {
        mistakes_.add(item.at("directory"), key,
                      "under `defaults` the directory must have {name} in it, which stands for the "
                      "certificate's name: every certificate would write the same files");
    }
    if (lies_in(into.directory, data_dir_)) {
        mistakes_.add(item.at("directory"), key,
                      fmt::format("{} is in data_dir, where evercert keeps its own files; give a directory "
                                  "elsewhere, or let the server read live/<name> there",
                                  in_quotes(into.directory)));
    }
}

void output_reader::read_formats(const section& item, const key_path& path, certificate_output& into) {
    refuse_repeats(item, "formats", path.key("formats").text(), mistakes_);
    for (const std::string& word : item.texts("formats").value_or(std::vector<std::string>())) {
        const auto format = parse_output_format(word);
        if (format && std::ranges::find(into.formats, *format) == into.formats.end()) {
            into.formats.push_back(*format);
        }
    }
}

void output_reader::read_access(const section& item, const key_path& path, certificate_output& into) {
    into.owner = read_account(item, path, "owner", user_exists, users_);
    into.group = read_account(item, path, "group", group_exists, groups_);
    into.mode = item.file_mode("mode");
    if (!into.mode) {
        return;
    }
    const auto key = std::ranges::find_if(into.formats, holds_key);
    if (key != into.formats.end() && (*into.mode & for_others) != 0) {
        mistakes_.add(item.at("mode"), path.key("mode"),
                      fmt::format("{0:04o} would let every user of this machine at the private key, which is "
                                  "in {1}; write \"{2:04o}\" and name a `group:` that may read it, or give "
                                  "{1} an output of its own",
                                  *into.mode, to_string(*key), *into.mode & ~for_others));
    } else if ((*into.mode & writable_by_others) != 0) {
        mistakes_.add(
            item.at("mode"), path.key("mode"),
            fmt::format("{:04o} would let every user of this machine replace the certificate; write "
                        "\"{:04o}\"",
                        *into.mode, *into.mode & ~writable_by_others));
    }
}

void output_reader::read_password(const section& item, const key_path& path, certificate_output& into) {
    into.password_file = item.path("password_file").value_or("");
    if (into.password_file.empty()) {
        return;
    }
    const key_path key = path.key("password_file");
    if (!into.formats.empty() && !std::ranges::count(into.formats, output_format::pkcs12)) {
        mistakes_.add(item.at("password_file"), key,
                      "a password protects pkcs12 only, which is not among the formats");
    } else if (std::string trouble = password_trouble(into.password_file); !trouble.empty()) {
        mistakes_.add(item.at("password_file"), key, std::move(trouble));
    }
}

std::string output_reader::read_account(const section& item, const key_path& path, std::string_view key,
                                        bool exists(const std::string&), std::map<std::string, bool>& known) {
    std::string name = item.text(key).value_or("");
    if (name.empty()) {
        return name;
    }
    const auto [at, is_new] = known.try_emplace(name, false);
    if (is_new) {
        at->second = exists(name);
    }
    if (!at->second) {
        mistakes_.add(item.at(key), path.key(key),
                      fmt::format("there is no {} {} on this machine", key == "owner" ? "user" : "group",
                                  in_quotes(name)));
    }
    return name;
}

void refuse_shared_files(const std::vector<certificate_ptr>& certificates,
                         const std::function<std::pair<place, std::string>(std::size_t)>& origin,
                         mistake_list& mistakes) {
    struct written {
        std::size_t hash;
        std::size_t certificate;
        auto operator<=>(const written&) const = default;
    };
    const auto for_files = [](const managed_certificate& of, const auto& found) {
        for (const certificate_output& output : of.policy->outputs) {
            const std::string folder = directory_of(output, of.name) + "/";
            for (const output_format format : output.formats) {
                for (std::size_t i = 0; i < of.policy->keys.size(); ++i) {
                    const auto further = i == 0 ? std::nullopt : std::optional(of.policy->keys[i]);
                    for (const output_file_name& file : files_of(format, of.name, further)) {
                        found(folder + file.name);
                    }
                }
            }
        }
    };
    // Hashes of paths, sorted, take a tenth of the memory of the paths, of which there may be a million.
    const std::hash<std::string> hash_of;
    std::vector<written> all;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        if (!certificates[i]->name.empty()) {
            for_files(*certificates[i], [&](const std::string& path) { all.push_back({hash_of(path), i}); });
        }
    }
    std::ranges::sort(all);
    std::map<std::size_t, std::size_t> suspects; // the later certificate, and one before it (or itself)
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i].hash == all[i - 1].hash) {
            suspects.try_emplace(all[i].certificate, all[i - 1].certificate);
        }
    }
    for (const auto& [again, first] : suspects) {
        std::vector<std::string> paths;
        const auto collect = [&](const std::string& path) { paths.push_back(path); };
        for_files(*certificates[first], collect);
        if (first != again) {
            for_files(*certificates[again], collect);
        }
        std::ranges::sort(paths);
        const auto twice = std::ranges::adjacent_find(paths);
        if (twice == paths.end()) {
            continue; // two paths of one hash
        }
        auto [where, key] = origin(again);
        const std::string other =
            first == again ? "by two outputs of this certificate"
                           : fmt::format("by the certificate at {} too", to_string(origin(first).first));
        mistakes.add(where, std::move(key),
                     fmt::format("{} would be written {}; give one of them another directory",
                                 in_quotes(*twice), other));
    }
}

} // namespace evercert::config
