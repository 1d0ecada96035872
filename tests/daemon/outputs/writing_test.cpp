// What is written, how it looks at every instant, and what is refused.
#include "daemon/outputs/writing.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace evercert;
using namespace evercert::daemon;
using testing::temp_folder;
namespace fs = std::filesystem;

namespace {

rendered_file file(std::string name, std::string contents, unsigned mode = 0640) {
    rendered_file made;
    made.name = std::move(name);
    made.contents = crypto::secret(std::move(contents));
    made.mode = mode;
    return made;
}

template <class... Files>
output_folder folder(const std::string& path, Files... files) {
    output_folder made;
    made.path = path;
    (made.files.push_back(std::move(files)), ...);
    return made;
}

result<std::vector<std::string>> write(output_folder one) {
    std::vector<output_folder> all;
    all.push_back(std::move(one));
    return write_outputs(all, "evercertd");
}

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct stat stat_of(const std::string& path) {
    struct stat info{};
    INFO(path);
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    return info;
}
unsigned mode_at(const std::string& path) {
    return stat_of(path).st_mode & 07777U;
}

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) {
        names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
}

/// A disk of 64 KiB, if we may mount one.
struct small_disk {
    explicit small_disk(const std::string& where)
        : path(where)
        , mounted(::geteuid() == 0 && ::mount("none", where.c_str(), "tmpfs", MS_NOSUID, "size=64k") == 0) {}
    ~small_disk() {
        if (mounted) {
            ::umount2(path.c_str(), MNT_DETACH);
        }
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    std::string path;
    bool mounted;
};

struct umask_of {
    explicit umask_of(mode_t mask) : before(::umask(mask)) {}
    ~umask_of() { ::umask(before); }
    mode_t before;
};

} // namespace

TEST_CASE("files are written with their contents and modes, whatever the umask") {
    const temp_folder base;
    const umask_of mask(GENERATE(0, 077, 0277));
    const auto written =
        write(folder(base / "out", file("key.pem", "key", 0640), file("cert.pem", "cert", 0644),
                     file("own.pem", "own", 0400), file("empty.pem", "", 0600)));
    REQUIRE(written);
    CHECK(written->size() == 4);
    CHECK(written->front() == base / "out/key.pem");
    CHECK(names_in(base / "out") == std::vector<std::string>{"cert.pem", "empty.pem", "key.pem", "own.pem"});
    CHECK(text_of(base / "out/key.pem") == "key");
    CHECK(mode_at(base / "out/key.pem") == 0640);
    CHECK(mode_at(base / "out/cert.pem") == 0644);
    CHECK(mode_at(base / "out/own.pem") == 0400);
    CHECK(mode_at(base / "out") == 0755); // there is something for others to read
}

TEST_CASE("a folder of keys only is closed to others") {
    const temp_folder base;
    REQUIRE(write(folder(base / "out", file("key.pem", "key"))));
    CHECK(mode_at(base / "out") == 0750);
}

TEST_CASE("what is there already is not written again, what differs is") {
    const temp_folder base;
    const auto again = [&] { return write(folder(base / "out", file("a", "1"), file("b", "2"))).value(); };
    CHECK(again().size() == 2);
    const auto inode = stat_of(base / "out/a").st_ino;
    CHECK(again().empty());
    CHECK(stat_of(base / "out/a").st_ino == inode);

    base.write("out/a", "x"); // as long as before
    CHECK(again() == std::vector<std::string>{base / "out/a"});
    CHECK(text_of(base / "out/a") == "1");
    fs::permissions(base / "out/b", fs::perms(0644));
    CHECK(again() == std::vector<std::string>{base / "out/b"});
    CHECK(mode_at(base / "out/b") == 0640);
    fs::remove(base / "out/b");
    CHECK(again() == std::vector<std::string>{base / "out/b"});
    if (::geteuid() == 0) {
        REQUIRE(::chown((base / "out/a").c_str(), 1234, 0) == 0);
        CHECK(again() == std::vector<std::string>{base / "out/a"});
        CHECK(stat_of(base / "out/a").st_uid == 0);
    }
}

TEST_CASE("files and the new folder are given to their owner and group") {
    if (::geteuid() != 0) {
        return;
    }
    const temp_folder base;
    const auto write_for = [&](std::optional<uid_t> user, std::optional<gid_t> group) {
        output_folder out = folder(base / "out", file("a", "1"));
        out.owner = {user, group};
        return write(std::move(out)).value().size();
    };
    CHECK(write_for(1234, 4321) == 1);
    CHECK(stat_of(base / "out/a").st_uid == 1234);
    CHECK(stat_of(base / "out/a").st_gid == 4321);
    CHECK(stat_of(base / "out").st_uid == 1234);
    CHECK(stat_of(base / "out").st_gid == 4321);
    CHECK(mode_at(base / "out/a") == 0640);
    CHECK(write_for(1234, 4321) == 0);
    CHECK(write_for(1234, 77) == 1);
    CHECK(write_for(0, std::nullopt) == 1);
    CHECK(stat_of(base / "out/a").st_uid == 0);
}

TEST_CASE("users and groups are looked up by name and number") {
    certificate_output output;
    CHECK(!owner_of(output).value().user);
    CHECK(!owner_of(output).value().group);
    output.owner = "root";
    CHECK(owner_of(output).value().user == uid_t(0));
    CHECK(owner_of(output).value().group == gid_t(0)); // its own
    output.owner = "54321";
    CHECK(owner_of(output).value().user == uid_t(54321));
    CHECK(!owner_of(output).value().group);
    output.group = "daemon";
    CHECK(owner_of(output).value().group == gid_t(1));
    output.group = "no-such-group";
    CHECK(owner_of(output).error().message.contains("no-such-group"));
    output.owner = "no-such-user";
    CHECK(owner_of(output).error().message.contains("no-such-user"));
}

TEST_CASE("what is in the way and no file is refused, and nothing is changed") {
    const temp_folder base;
    const temp_folder outside;
    outside.write("victim", "untouched");
    fs::create_directory(base / "out");
    base.write("out/a", "old");
    const std::string what = GENERATE("link", "dangling", "fifo", "folder");
    const std::string target = base / "out/b";
    if (what == "link") {
        fs::create_symlink(outside / "victim", target);
    } else if (what == "dangling") {
        fs::create_symlink(outside / "new", target);
    } else if (what == "fifo") {
        REQUIRE(::mkfifo(target.c_str(), 0600) == 0);
    } else {
        fs::create_directory(target);
    }
    const auto outcome = write(folder(base / "out", file("a", "new"), file("b", "secret")));
    REQUIRE(!outcome);
    INFO(outcome.error().text());
    CHECK(outcome.error().code == errc::refused);
    CHECK(outcome.error().message.contains(target));
    CHECK(outcome.error().message.contains(". What to do: "));
    CHECK(text_of(base / "out/a") == "old"); // all or nothing
    CHECK(names_in(base / "out") == std::vector<std::string>{"a", "b"});
    CHECK(names_in(outside.path()) == std::vector<std::string>{"victim"});
    CHECK(text_of(outside / "victim") == "untouched");
}

TEST_CASE("what a crash has left is replaced, a folder in its place is not") {
    const temp_folder base;
    const temp_folder outside;
    fs::create_directory(base / "out");
    fs::create_symlink(outside / "new", base / "out/.a.evercert-new");
    CHECK(write(folder(base / "out", file("a", "1"))));
    CHECK(names_in(base / "out") == std::vector<std::string>{"a"});
    CHECK(names_in(outside.path()).empty());
    base.write("out/.a.evercert-new", "the key of another version");
    CHECK(write(folder(base / "out", file("a", "1"))).value().empty());
    CHECK(names_in(base / "out") == std::vector<std::string>{"a"});
    fs::create_directory(base / "out/.a.evercert-new");
    CHECK(!write(folder(base / "out", file("a", "2"))));
    CHECK(text_of(base / "out/a") == "1");
}

TEST_CASE("a folder that cannot be made or opened is an error that names it") {
    const temp_folder base;
    const auto missing = write(folder(base / "x/y", file("a", "1")));
    CHECK(missing.error().message.contains(base / "x"));
    CHECK(!write(folder("relative", file("a", "1"))));
    const auto proc = write(folder("/proc/evercert", file("a", "1")));
    REQUIRE(!proc);
    CHECK(proc.error().message.contains("/proc/evercert"));
}

TEST_CASE("a second folder that fails leaves the first as it was") {
    const temp_folder base;
    std::vector<output_folder> both;
    both.push_back(folder(base / "one", file("a", "1")));
    both.push_back(folder(base / "two/deeper", file("a", "1")));
    CHECK(!write_outputs(both, "evercertd"));
    CHECK(names_in(base / "one").empty());
}

TEST_CASE("what was replaced is taken back when another file cannot be") {
    const temp_folder base;
    const small_disk disk(base.path()); // so that what is mounted below goes with it
    if (!disk.mounted) {
        return;
    }
    const std::string out = base / "out";
    REQUIRE(write(folder(out, file("chain", "old"), file("key", "old"))));
    // A file that is a mount point cannot be replaced, as in a container that is given single files.
    REQUIRE(::mount((out + "/key").c_str(), (out + "/key").c_str(), nullptr, MS_BIND, nullptr) == 0);
    const auto outcome = write(folder(out, file("added", "new"), file("chain", "new"), file("key", "new")));
    REQUIRE(!outcome);
    CHECK(outcome.error().message.contains("cannot replace " + out + "/key"));
    CHECK(names_in(out) == std::vector<std::string>{"chain", "key"});
    CHECK(text_of(out + "/chain") == "old");
    REQUIRE(::umount((out + "/key").c_str()) == 0);
    REQUIRE(write(folder(out, file("added", "new"), file("chain", "new"), file("key", "new"))));
    CHECK(names_in(out) == std::vector<std::string>{"added", "chain", "key"});
    CHECK(text_of(out + "/chain") + text_of(out + "/key") == "newnew");
}

TEST_CASE("a full disk leaves the files that were there") {
    const temp_folder base;
    const small_disk disk(base.path());
    if (!disk.mounted) {
        return;
    }
    const std::string out = base / "out";
    const auto both = [&](char fill, std::size_t size) {
        return write(folder(out, file("a", std::string(100, fill)), file("b", std::string(size, fill))));
    };
    REQUIRE(both('1', 100));
    const auto full = both('2', 100'000);
    REQUIRE(!full);
    CHECK(full.error().code == errc::no_space);
    CHECK(full.error().message.contains(out + "/b"));
    CHECK(full.error().message.contains("free some space"));
    CHECK(text_of(out + "/a") == std::string(100, '1'));
    CHECK(text_of(out + "/b") == std::string(100, '1'));
    CHECK(names_in(out) == std::vector<std::string>{"a", "b"});
    CHECK(both('3', 100));
    REQUIRE(::mount("none", base.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    const auto fixed = both('4', 100);
    CHECK(fixed.error().message.contains("add ReadWritePaths=" + out + " to evercertd.service"));
}

TEST_CASE("an ordinary user is told that it cannot give files away") {
    if (::geteuid() != 0) {
        return;
    }
    const temp_folder base;
    REQUIRE(::chown(base.path().c_str(), 65534, 65534) == 0);
    output_folder mine = folder(base / "out", file("a", "1"));
    output_folder given = folder(base / "other", file("a", "1"));
    given.owner.user = 1234;
    REQUIRE(::seteuid(65534) == 0);
    const auto written = write(std::move(mine));
    const auto refused = write(std::move(given));
    const auto elsewhere = write(folder("/etc/evercert-test", file("a", "1")));
    REQUIRE(::seteuid(0) == 0);
    CHECK(written);
    CHECK(stat_of(base / "out/a").st_uid == 65534);
    REQUIRE(!refused);
    CHECK(refused.error().message.contains("evercertd runs as user nobody"));
    CHECK(!fs::exists(base / "other/a"));
    CHECK(elsewhere.error().message.contains("/etc/evercert-test"));
    CHECK(elsewhere.error().message.contains("nobody"));
}

TEST_CASE("no file is ever wider than asked for, and never half written") {
    const umask_of mask(0);
    const temp_folder base;
    REQUIRE(write(folder(base / "out", file("a", "old", 0400))));
    std::atomic<bool> enough = false;
    std::atomic<int> wide = 0;
    std::atomic<int> looks = 0;
    std::thread watcher([&] {
        while (!enough) {
            std::error_code gone;
            for (auto at = fs::directory_iterator(base / "out", gone); at != fs::directory_iterator();
                 at.increment(gone)) {
                struct stat info{};
                if (::lstat(at->path().c_str(), &info) == 0) {
                    wide += (info.st_mode & 0377U) != 0 ? 1 : 0;
                    ++looks;
                }
            }
        }
    });
    for (int i = 0; i < 300 || (looks == 0 && i < 20'000); ++i) {
        CHECK(write(folder(base / "out", file("a", std::to_string(i), 0400))));
    }
    enough = true;
    watcher.join();
    CHECK(wide == 0);
    CHECK(looks > 0);
}

TEST_CASE("whoever swaps a folder on the way for a link leads nobody elsewhere") {
    const temp_folder base;
    const temp_folder outside;
    fs::create_directories(base / "a/out");
    fs::create_directory(outside / "out");
    fs::create_directory_symlink(outside.path(), base / "b");
    fs::permissions(base.path(), fs::perms(0777)); // others can do that here
    std::atomic<bool> enough = false;
    std::thread racer([&] {
        while (!enough) {
            ::renameat2(AT_FDCWD, (base / "a").c_str(), AT_FDCWD, (base / "b").c_str(), RENAME_EXCHANGE);
        }
    });
    int refused = 0;
    for (int i = 0; i < 300 || (refused == 0 && i < 20'000); ++i) {
        const auto outcome = write(folder(base / "a/out", file("key", std::to_string(i))));
        refused += outcome ? 0 : 1;
    }
    enough = true;
    racer.join();
    CHECK(refused > 0);
    CHECK(names_in(outside / "out").empty());
}
