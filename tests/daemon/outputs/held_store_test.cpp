// What a hostile owner of the data_dir can put there, before a root process that only reads.
#include "daemon/outputs/held_store.hpp"
#include "tests/daemon/outputs/sets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <atomic>
#include <filesystem>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>

using namespace evercert;
using daemon::open_held_store;
using testing::temp_folder;
namespace fs = std::filesystem;

namespace {

/// Read as "text", none as "-", an error as "!".
std::string shown(const result<std::optional<std::string>>& outcome) {
    return outcome ? outcome->value_or("-") : "!";
}

struct fixture {
    fixture() {
        outside.write("secret", "not yours");
        fs::create_directory(base / "data");
        fs::create_directory(base / "data/folder");
        base.write("data/file", "text");
        base.write("data/folder/inner", "more");
        files = open_held_store(base / "data").value();
    }
    errc reading(const std::string& path, std::size_t limit = 1024 * 1024) {
        const auto outcome = files->read(path, limit);
        REQUIRE(!outcome);
        INFO(outcome.error().text());
        CHECK(outcome.error().message.contains(path));
        return outcome.error().code;
    }
    temp_folder base;
    temp_folder outside;
    std::unique_ptr<store> files;
};

} // namespace

TEST_CASE_METHOD(fixture, "the held store reads files, links and listings") {
    CHECK(shown(files->read("file")) == "text");
    CHECK(shown(files->read("folder/inner")) == "more");
    CHECK(shown(files->read("missing")) == "-");
    CHECK(shown(files->read("missing/file")) == "-");
    CHECK(files->list("").value() == std::vector<std::string>{"file", "folder"});
    CHECK(files->list("missing").value() == std::vector<std::string>());
    fs::create_symlink("../folder", base / "data/folder/up");
    CHECK(shown(files->read_link("folder/up")) == "folder");
    CHECK(shown(files->read_link("folder/none")) == "-");
    CHECK(files->absolute("folder") == base / "data/folder");
    base.write("data/empty", "");
    CHECK(shown(files->read("empty")) == "");
}

TEST_CASE_METHOD(fixture, "the held store follows no link, whatever it leads to") {
    fs::create_symlink(outside / "secret", base / "data/absolute");
    fs::create_symlink("file", base / "data/harmless");
    fs::create_directory_symlink(outside.path(), base / "data/abroad");
    fs::create_directory_symlink("folder", base / "data/home");
    fs::create_symlink("/proc/self/environ", base / "data/magic");
    for (const char* path : {"absolute", "harmless", "abroad/secret", "home/inner", "magic"}) {
        CHECK(reading(path) == errc::corrupted);
    }
    CHECK(!files->list("abroad"));
    CHECK(!files->read_link("abroad/secret"));
    CHECK(files->read_link("absolute").error().code == errc::corrupted);
}

TEST_CASE_METHOD(fixture, "the held store refuses what is no regular file, without waiting for it") {
    REQUIRE(::mkfifo((base / "data/fifo").c_str(), 0666) == 0);
    CHECK(reading("fifo") == errc::corrupted);
    CHECK(reading("folder") == errc::corrupted);
    if (::geteuid() == 0) {
        REQUIRE(::mknod((base / "data/device").c_str(), S_IFCHR | 0666, makedev(1, 5)) == 0); // endless zeros
        CHECK(reading("device") == errc::corrupted);
    }
    CHECK(files->read_link("file").error().code == errc::corrupted);
    CHECK(!files->list("file"));
}

TEST_CASE_METHOD(fixture, "the held store is bounded") {
    base.write("data/long", std::string(100, 'x'));
    CHECK(reading("long", 99) == errc::too_large);
    CHECK(files->read("long", 100));
    base.write("data/endless", "");
    fs::resize_file(base / "data/endless", 1'048'577);
    CHECK(reading("endless", SIZE_MAX) == errc::too_large);
    for (int i = 0; i < 10'001; ++i) {
        fs::create_symlink("x", base / ("data/folder/" + std::to_string(i)));
    }
    CHECK(files->list("folder").error().code == errc::too_large);
}

TEST_CASE_METHOD(fixture, "the held store takes no path that leads out, and changes nothing") {
    for (const char* path : {"../secret", "/etc/passwd", "folder/../file", "folder//inner", "a b", ""}) {
        CHECK(!files->read(path));
    }
    for (const auto& outcome : {files->write("file", "new"), files->write_set("set", {}),
                                files->switch_link("link", "file"), files->remove("file")}) {
        CHECK(outcome.error().code == errc::invalid_argument);
    }
    CHECK(files->append("file", "new").error().code == errc::invalid_argument);
    CHECK(shown(files->read("file")) == "text");
}

TEST_CASE_METHOD(fixture, "the held store reads only files of the data_dir's owner") {
    if (::geteuid() != 0) {
        return; // giving files away takes root
    }
    REQUIRE(::chown((base / "data").c_str(), 1234, 1234) == 0);
    files = open_held_store(base / "data").value();
    CHECK(reading("file") == errc::refused); // root's: a hard link to a secret looks just so
    REQUIRE(::chown((base / "data/file").c_str(), 1234, 1234) == 0);
    CHECK(shown(files->read("file")) == "text");
}

TEST_CASE_METHOD(fixture, "the held store stays with the folder it has opened") {
    fs::rename(base / "data", base / "moved");
    fs::create_directory_symlink(outside.path(), base / "data");
    CHECK(shown(files->read("secret")) == "-");
    CHECK(shown(files->read("file")) == "text");
}

TEST_CASE_METHOD(fixture, "a folder that turns into a link while it is read leads nowhere") {
    outside.write("inner", "not yours");
    fs::create_directory_symlink(outside.path(), base / "data/link");
    std::atomic<bool> enough = false;
    std::thread racer([&] {
        while (!enough) {
            ::renameat2(AT_FDCWD, (base / "data/folder").c_str(), AT_FDCWD, (base / "data/link").c_str(),
                        RENAME_EXCHANGE);
        }
    });
    int good = 0;
    int refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto text = files->read("folder/inner");
        good += shown(text) == "more" ? 1 : 0;
        refused += !text ? 1 : 0;
    }
    enough = true;
    racer.join();
    CHECK(good + refused == 20'000);
}

TEST_CASE("the held store needs a folder") {
    const temp_folder base;
    base.write("file", "");
    CHECK(open_held_store(base / "missing").error().code == errc::not_found);
    CHECK(open_held_store(base / "file").error().code == errc::refused);
    CHECK(open_held_store("relative").error().code == errc::invalid_argument);
}
