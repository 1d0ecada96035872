#include "tests/support/memory_store.hpp"

#include <algorithm>
#include <set>

namespace evercert::testing {
namespace {

bool is_component(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && !name.starts_with(".tmp-") &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

result<void> check(std::string_view path) {
    for (std::size_t begin = 0;;) {
        const std::size_t end = path.find('/', begin);
        if (!is_component(path.substr(begin, end == path.npos ? end : end - begin))) {
            return fail(errc::invalid_argument, "not a path of the store");
        }
        if (end == path.npos) {
            return {};
        }
        begin = end + 1;
    }
}

/// Whether a file or link stands where a folder is needed.
bool blocked(const memory_store::image& disk, std::string_view path) {
    for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
        const std::string above(path.substr(0, slash));
        if (disk.files.contains(above) || disk.links.contains(above)) {
            return true;
        }
    }
    return false;
}

std::unexpected<error> in_the_way() {
    return fail(errc::corrupted, "something else is in the way");
}

} // namespace

void memory_store::fail_call(unsigned nth, errc code, bool applied) {
    const std::lock_guard guard(mutex_);
    fail_at_ = calls_ + nth;
    fail_on_ = false;
    applied_ = applied;
    code_ = code;
}

void memory_store::fail_from(unsigned nth, errc code) {
    const std::lock_guard guard(mutex_);
    fail_at_ = calls_ + nth;
    fail_on_ = true;
    applied_ = false;
    code_ = code;
}

void memory_store::heal() {
    const std::lock_guard guard(mutex_);
    fail_at_ = 0;
    fail_on_ = false;
}

unsigned memory_store::mutations() const {
    const std::lock_guard guard(mutex_);
    return calls_;
}

memory_store::image memory_store::snapshot() const {
    const std::lock_guard guard(mutex_);
    return disk_;
}

void memory_store::restore(image disk) {
    const std::lock_guard guard(mutex_);
    disk_ = std::move(disk);
    if (recording_) {
        after_.push_back(disk_);
    }
}

void memory_store::record() {
    const std::lock_guard guard(mutex_);
    recording_ = true;
    after_.assign(1, disk_);
}

std::vector<memory_store::image> memory_store::history() const {
    const std::lock_guard guard(mutex_);
    return after_;
}

void memory_store::put(const std::string& path, std::string contents, unsigned mode) {
    const std::lock_guard guard(mutex_);
    disk_.files[path] = file{std::move(contents), mode};
}

void memory_store::put_link(const std::string& path, std::string target) {
    const std::lock_guard guard(mutex_);
    disk_.links[path] = std::move(target);
}

void memory_store::lose(const std::string& path) {
    const std::lock_guard guard(mutex_);
    disk_.files.erase(path);
    disk_.links.erase(path);
}

bool memory_store::is_folder(std::string_view path) const {
    const std::string below = std::string(path) + "/";
    auto inside = [&](const auto& entries) {
        const auto first = entries.lower_bound(below);
        return first != entries.end() && first->first.starts_with(below);
    };
    return inside(disk_.files) || inside(disk_.links);
}

template <class Change>
result<void> memory_store::mutate(std::string_view what, Change change) {
    const std::lock_guard guard(mutex_);
    ++calls_;
    const bool fails = fail_at_ != 0 && (calls_ == fail_at_ || (fail_on_ && calls_ > fail_at_));
    if (!fails || applied_) {
        image next = disk_;
        if (result<void> done = change(next); !done) {
            return done;
        }
        if (next != disk_) {
            disk_ = std::move(next);
            if (recording_) {
                after_.push_back(disk_);
            }
        }
    }
    if (fails) {
        return fail(code_, "scripted failure of " + std::string(what));
    }
    return {};
}

result<std::optional<std::string>> memory_store::read(std::string_view path, std::size_t limit) const {
    if (auto safe = check(path); !safe) {
        return fail(std::move(safe.error()));
    }
    const std::lock_guard guard(mutex_);
    const std::string name(path);
    if (disk_.links.contains(name) || is_folder(path) || blocked(disk_, path)) {
        return in_the_way();
    }
    const auto found = disk_.files.find(name);
    if (found == disk_.files.end()) {
        return std::nullopt;
    }
    if (found->second.contents.size() > limit) {
        return fail(errc::too_large, name + " is too long");
    }
    return found->second.contents;
}

result<void> memory_store::write(std::string_view path, std::string_view contents, unsigned mode,
                                 std::string_view /*folders are where something lies*/) {
    if (auto safe = check(path); !safe) {
        return safe;
    }
    return mutate("write " + std::string(path), [&](image& disk) -> result<void> {
        if (disk.links.contains(std::string(path)) || is_folder(path) || blocked(disk, path)) {
            return in_the_way();
        }
        disk.files[std::string(path)] = file{std::string(contents), mode};
        return {};
    });
}

result<void> memory_store::write_set(std::string_view directory, const std::vector<stored_file>& files) {
    if (auto safe = check(directory); !safe) {
        return safe;
    }
    std::set<std::string_view> names;
    for (const stored_file& each : files) {
        if (!is_component(each.name) || !names.insert(each.name).second) {
            return fail(errc::invalid_argument, "a file name of the set is not allowed");
        }
    }
    return mutate("write_set " + std::string(directory), [&](image& disk) -> result<void> {
        const std::string name(directory);
        if (blocked(disk, directory)) {
            return in_the_way();
        }
        if (disk.files.contains(name) || disk.links.contains(name) || is_folder(directory)) {
            return fail(errc::exists, name + " exists already");
        }
        for (const stored_file& each : files) {
            disk.files[name + "/" + each.name] = file{each.contents, each.mode};
        }
        return {};
    });
}

result<std::uint64_t> memory_store::append(std::string_view path, std::string_view text, unsigned mode) {
    if (auto safe = check(path); !safe) {
        return fail(std::move(safe.error()));
    }
    std::uint64_t size = 0;
    auto done = mutate("append " + std::string(path), [&](image& disk) -> result<void> {
        if (disk.links.contains(std::string(path)) || is_folder(path) || blocked(disk, path)) {
            return in_the_way();
        }
        file& there = disk.files[std::string(path)];
        there.mode = mode;
        if (!there.contents.empty() && there.contents.back() != '\n') {
            there.contents += '\n';
        }
        size = there.contents.append(text).size();
        return {};
    });
    return done ? result<std::uint64_t>(size) : fail(std::move(done.error()));
}

result<void> memory_store::switch_link(std::string_view link, std::string_view target) {
    for (const std::string_view each : {link, target}) {
        if (auto safe = check(each); !safe) {
            return safe;
        }
    }
    return mutate("switch_link " + std::string(link), [&](image& disk) -> result<void> {
        if (disk.files.contains(std::string(link)) || is_folder(link) || blocked(disk, link)) {
            return in_the_way();
        }
        disk.links[std::string(link)] = std::string(target);
        return {};
    });
}

result<std::optional<std::string>> memory_store::read_link(std::string_view link) const {
    if (auto safe = check(link); !safe) {
        return fail(std::move(safe.error()));
    }
    const std::lock_guard guard(mutex_);
    if (disk_.files.contains(std::string(link)) || is_folder(link) || blocked(disk_, link)) {
        return in_the_way();
    }
    const auto found = disk_.links.find(std::string(link));
    if (found == disk_.links.end()) {
        return std::nullopt;
    }
    if (auto ours = check(found->second); !ours) {
        return fail(errc::corrupted, "a foreign link");
    }
    return found->second;
}

result<std::vector<std::string>> memory_store::list(std::string_view directory) const {
    if (auto safe = directory.empty() ? result<void>() : check(directory); !safe) {
        return fail(std::move(safe.error()));
    }
    const std::lock_guard guard(mutex_);
    const std::string below = directory.empty() ? "" : std::string(directory) + "/";
    if (!directory.empty() && (disk_.files.contains(std::string(directory)) ||
                               disk_.links.contains(std::string(directory)) || blocked(disk_, directory))) {
        return in_the_way();
    }
    std::set<std::string> names;
    auto collect = [&](const auto& entries) {
        for (const auto& [path, unused] : entries) {
            if (path.starts_with(below)) {
                names.insert(path.substr(below.size(), path.find('/', below.size()) - below.size()));
            }
        }
    };
    collect(disk_.files);
    collect(disk_.links);
    return std::vector<std::string>(names.begin(), names.end());
}

result<void> memory_store::remove(std::string_view path) {
    if (auto safe = check(path); !safe) {
        return safe;
    }
    return mutate("remove " + std::string(path), [&](image& disk) -> result<void> {
        if (blocked(disk, path)) {
            return in_the_way();
        }
        const std::string below = std::string(path) + "/";
        auto gone = [&](const auto& entry) { return entry.first == path || entry.first.starts_with(below); };
        std::erase_if(disk.files, gone);
        std::erase_if(disk.links, gone);
        return {};
    });
}

} // namespace evercert::testing
