#include "daemon/outputs/folder_path.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace evercert;
using daemon::new_folder;
using daemon::open_folder;
using testing::temp_folder;
namespace fs = std::filesystem;

namespace {

struct stat stat_of(const std::string& path) {
    struct stat info{};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    return info;
}

bool is_open_at(const result<unique_fd>& opened, const std::string& path) {
    struct stat held{};
    const struct stat named = stat_of(path);
    return opened && ::fstat(opened->get(), &held) == 0 && held.st_ino == named.st_ino;
}

void refused(const result<unique_fd>& opened, const std::string& named) {
    REQUIRE(!opened);
    INFO(opened.error().text());
    CHECK(opened.error().code == errc::refused);
    CHECK(opened.error().message.contains(named));
}

} // namespace

TEST_CASE("a folder is opened by its path") {
    const temp_folder base;
    fs::create_directories(base / "a/b");
    CHECK(is_open_at(open_folder(base / "a/b"), base / "a/b"));
    CHECK(is_open_at(open_folder(base / "a//./b/"), base / "a/b"));
    CHECK(is_open_at(open_folder("/"), "/"));
    CHECK(is_open_at(open_folder("/../.."), "/"));
    for (const std::string path : {"", "a", "./a"}) {
        CHECK(open_folder(path).error().code == errc::invalid_argument);
    }
    CHECK(open_folder("/" + std::string(5000, 'x')).error().code == errc::invalid_argument);
    CHECK(open_folder(base / "a/missing").error().code == errc::not_found);
    base.write("a/file", "");
    refused(open_folder(base / "a/file"), base / "a/file");
    refused(open_folder(base / "a/file/b"), base / "a/file");
}

TEST_CASE("a link on the way is followed only where nobody else could have changed it") {
    const temp_folder base;
    fs::create_directories(base / "a/b");
    fs::create_directory_symlink("../a/b", base / "a/sideways");
    fs::create_directory_symlink(base / "a", base / "whole");
    CHECK(is_open_at(open_folder(base / "whole/sideways"), base / "a/b"));
    fs::create_directory_symlink("loop", base / "loop");
    refused(open_folder(base / "loop/a"), "loop");
    fs::create_directory_symlink("nowhere", base / "dangling");
    CHECK(open_folder(base / "dangling").error().code == errc::not_found);

    fs::permissions(base / "a", fs::perms::group_write, fs::perm_options::add);
    refused(open_folder(base / "a/sideways"), base / "a/sideways");
    CHECK(is_open_at(open_folder(base / "a/b"), base / "a/b")); // only links are a question
    fs::permissions(base / "a", fs::perms(01777));
    refused(open_folder(base / "a/sideways"), base / "a/sideways");
    if (::geteuid() == 0) {
        REQUIRE(::lchown((base / "whole").c_str(), 1234, 1234) == 0);
        refused(open_folder(base / "whole"), base / "whole");
        fs::permissions(base / "a", fs::perms(0755));
        REQUIRE(::chown((base / "a").c_str(), 1234, 1234) == 0);
        refused(open_folder(base / "a/sideways"), base / "a/sideways");
    }
}

TEST_CASE("the last folder of a path is made, with the mode asked for") {
    const temp_folder base;
    new_folder how;
    how.mode = 0751;
    const mode_t mask = ::umask(GENERATE(0, 077));
    auto made = open_folder(base / "new", &how);
    ::umask(mask);
    CHECK(is_open_at(made, base / "new"));
    CHECK((stat_of(base / "new").st_mode & 07777) == 0751);
    how.mode = 0700;
    CHECK(is_open_at(open_folder(base / "new", &how), base / "new")); // what is there stays as it is
    CHECK((stat_of(base / "new").st_mode & 07777) == 0751);
    const auto deep = open_folder(base / "x/y", &how);
    CHECK(deep.error().code == errc::not_found);
    CHECK(deep.error().message.contains("make this one first"));
    CHECK(!fs::exists(base / "x"));

    fs::permissions(base / "new", fs::perms(0777));
    refused(open_folder(base / "new/sub", &how), "others can write");
    CHECK(!fs::exists(base / "new/sub"));
    fs::permissions(base / "new", fs::perms(01777));
    CHECK(open_folder(base / "new/sub", &how));
    if (::geteuid() == 0) {
        how.owner = 1234;
        how.group = 4321;
        CHECK(open_folder(base / "given", &how));
        CHECK(stat_of(base / "given").st_uid == 1234);
        CHECK(stat_of(base / "given").st_gid == 4321);
    }
}
