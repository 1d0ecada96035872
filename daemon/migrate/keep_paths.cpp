#include "daemon/migrate/keep_paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <grp.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace evercert::daemon {

namespace files = std::filesystem;

namespace {

constexpr std::array four{"cert", "chain", "fullchain", "privkey"};

std::unexpected<error> wrong_at(const std::string& path, std::string_view what, int code) {
    return fail(system_error(code, fmt::format("{} {}", what, path)));
}

/// A link stays a link, a file becomes a second name of the same file.
result<void> keep_aside(const std::string& from, const std::string& to) {
    std::error_code wrong;
    files::remove(to, wrong); // of a run that was interrupted; certbot may have renewed since
    const files::file_status status = files::symlink_status(from, wrong);
    if (status.type() == files::file_type::symlink) {
        files::copy_symlink(from, to, wrong);
    } else if (status.type() == files::file_type::regular) {
        files::create_hard_link(from, to, wrong);
    } else {
        return fail(errc::corrupted, fmt::format("{} is neither a link nor a file", from));
    }
    return wrong ? wrong_at(from, "cannot keep", wrong.value()) : result<void>();
}

result<void> point_at(const std::string& link, const std::string& target) {
    const std::string aside = link + ".new-by-evercert";
    std::error_code wrong;
    files::remove(aside, wrong);
    files::create_symlink(target, aside, wrong);
    if (!wrong) {
        files::rename(aside, link, wrong);
    }
    return wrong ? wrong_at(link, "cannot point a link at our file:", wrong.value()) : result<void>();
}

} // namespace

result<void> switch_paths(const certbot_tree& tree, const kept_lineage& what) {
    const auto ours = [&](const char* kind) {
        return fmt::format("{}/{}{}.pem", what.live_directory, kind, what.suffix);
    };
    for (const char* kind : four) {
        if (::access(ours(kind).c_str(), R_OK) != 0) {
            return wrong_at(ours(kind), "nothing was changed, as this cannot be read:", errno);
        }
    }
    const std::string live = tree.absolute("live/" + what.lineage);
    const std::string before = live + links_before;
    if (::mkdir(before.c_str(), 0755) != 0 && errno != EEXIST) {
        return wrong_at(before, "cannot make", errno);
    }
    for (const char* kind : four) {
        if (auto kept =
                keep_aside(fmt::format("{}/{}.pem", live, kind), fmt::format("{}/{}.pem", before, kind));
            !kept) {
            return kept;
        }
    }
    // The configuration first: certbot must not find links that it would take for its own.
    const std::string conf = tree.absolute(fmt::format("renewal/{}.conf", what.lineage));
    if (std::rename(conf.c_str(), (conf + put_aside).c_str()) != 0) {
        return wrong_at(conf, "cannot put aside", errno);
    }
    for (const char* kind : four) {
        if (auto pointed = point_at(fmt::format("{}/{}.pem", live, kind), ours(kind)); !pointed) {
            if (const auto back = switch_back(tree, what.lineage); !back) {
                pointed.error().message += "; then " + back.error().text();
            }
            return pointed;
        }
    }
    return {};
}

std::string other_readers(const certbot_tree& tree, const std::string& lineage) {
    std::error_code wrong;
    const files::path link = tree.absolute(fmt::format("live/{}/privkey.pem", lineage));
    const files::path key = files::canonical(link, wrong);
    struct stat info{};
    if (wrong || ::stat(key.c_str(), &info) != 0) {
        return {};
    }
    bool everybody = (info.st_mode & S_IROTH) != 0;
    bool group = (info.st_mode & S_IRGRP) != 0;
    const gid_t whose = info.st_gid;
    for (const files::path& folder :
         {files::path(tree.root()), link.parent_path().parent_path(), link.parent_path(),
          key.parent_path().parent_path(), key.parent_path()}) {
        const bool there = ::stat(folder.c_str(), &info) == 0;
        everybody = everybody && there && (info.st_mode & S_IXOTH) != 0;
        group = group && there && (info.st_mode & (S_IXGRP | S_IXOTH)) != 0;
    }
    if (everybody || !group) {
        return everybody ? "everybody" : "";
    }
    const struct group* const known = ::getgrgid(whose);
    return known != nullptr ? fmt::format("group {}", known->gr_name) : fmt::format("group {}", whose);
}

std::vector<std::string> half_switched(const certbot_tree& tree) {
    const std::string ending = std::string(".conf") + put_aside;
    std::vector<std::string> found;
    for (std::string& name : tree.list("renewal")) {
        if (!name.ends_with(ending)) {
            continue;
        }
        name.resize(name.size() - ending.size());
        std::error_code wrong;
        const bool is_of_ours = files::is_directory(tree.absolute("live/" + name + links_before), wrong);
        const bool has_another = tree.holds(fmt::format("renewal/{}.conf", name));
        if (is_of_ours && !has_another && std::ranges::any_of(four, [&](const char* kind) {
                return tree.holds(fmt::format("live/{}/{}.pem", name, kind));
            })) {
            found.push_back(std::move(name));
        }
    }
    return found;
}

result<void> switch_back(const certbot_tree& tree, const std::string& lineage) {
    const std::string live = tree.absolute("live/" + lineage);
    const std::string before = live + links_before;
    for (const char* kind : four) {
        const std::string kept = fmt::format("{}/{}.pem", before, kind);
        const std::string used = fmt::format("{}/{}.pem", live, kind);
        if (std::rename(kept.c_str(), used.c_str()) != 0 && errno != ENOENT) {
            return wrong_at(used, "cannot put back", errno);
        }
    }
    const std::string conf = tree.absolute(fmt::format("renewal/{}.conf", lineage));
    if (std::rename((conf + put_aside).c_str(), conf.c_str()) != 0) {
        return wrong_at(conf, "cannot put back", errno);
    }
    std::error_code left_there; // a rename from one name of a file to another keeps both
    files::remove_all(before, left_there);
    return {};
}

std::string shell_word(std::string_view text) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_./:@%+,-").find(c) != std::string_view::npos;
    };
    if (!text.empty() && std::ranges::all_of(text, is_plain)) {
        return std::string(text);
    }
    std::string word = "'";
    for (const char c : text) {
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return word + "'";
}

std::string way_back(const certbot_tree& tree) {
    return fmt::format(
        "cd {0}\n"
        "for d in live/*{1}; do l=${{d%{1}}}; mv -f \"$d\"/*.pem \"$l\"/ && rmdir \"$d\"; done\n"
        "for f in renewal/*.conf{2}; do mv \"$f\" \"${{f%{2}}}\"; done",
        shell_word(tree.root()), links_before, put_aside);
}

} // namespace evercert::daemon
