#include "core/backends/filesystem_store.hpp"
#include "tests/core/backends/file_modes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <csignal>
#include <fstream>
#include <sys/resource.h>

using namespace evercert;
using namespace evercert::backends;
using testing::all_below;
using testing::mode_of;
using testing::temp_folder;
using testing::umask_guard;
namespace fs = std::filesystem;

namespace {

struct fixture {
    fixture() {
        auto opened = open_filesystem_store(base / "data");
        REQUIRE(opened);
        files = std::move(*opened);
    }
    temp_folder base;
    std::unique_ptr<store> files;
};

} // namespace

TEST_CASE_METHOD(fixture, "what is appended comes behind what is there") {
    CHECK(files->append("history/x.jsonl", "one\n").value() == 4);
    CHECK(files->append("history/x.jsonl", "two\nthree\n").value() == 14);
    CHECK(files->append("history/x.jsonl", "").value() == 14);
    CHECK(files->read("history/x.jsonl").value() == "one\ntwo\nthree\n");
    CHECK(files->append("top", "x").value() == 1);
    CHECK(files->append("a/b/c/d", "deep\n").value() == 5);
    CHECK(files->read("a/b/c/d").value() == "deep\n");
    const std::string binary("\0\xff\n", 3);
    CHECK(files->append("binary", binary).value() == 3);
    CHECK(files->read("binary").value() == binary);
}

TEST_CASE_METHOD(fixture, "what a crash tore does not run into what follows") {
    REQUIRE(files->write("h", "one\ntw"));
    CHECK(files->append("h", "three\n").value() == 13);
    CHECK(files->read("h").value() == "one\ntw\nthree\n");
    CHECK(files->append("h", "four\n").value() == 18);
    CHECK(files->read("h").value() == "one\ntw\nthree\nfour\n");
    REQUIRE(files->write("empty", ""));
    CHECK(files->append("empty", "a\n").value() == 2);
    CHECK(files->read("empty").value() == "a\n");
}

TEST_CASE("an appended file has exactly the mode asked for, whatever the umask") {
    const mode_t mask = GENERATE(mode_t(0), mode_t(0277));
    temp_folder base;
    umask_guard guard(mask);
    auto files = std::move(*open_filesystem_store(base / "data"));
    REQUIRE(files->append("history/x", "a\n"));
    REQUIRE(files->append("history/y", "a\n", 0640));
    CHECK(mode_of(base / "data/history") == (S_IFDIR | 0700));
    CHECK(mode_of(base / "data/history/x") == (S_IFREG | 0600));
    CHECK(mode_of(base / "data/history/y") == (S_IFREG | 0640));
    REQUIRE(::chmod((base / "data/history/x").c_str(), 0644) == 0);
    REQUIRE(files->append("history/x", "b\n"));
    CHECK(mode_of(base / "data/history/x") == (S_IFREG | 0600));
}

TEST_CASE_METHOD(fixture, "nothing is appended to what is no file of the store's") {
    temp_folder outside;
    std::ofstream(outside / "victim") << "untouched";
    REQUIRE(files->write("history/other", "x"));
    const std::string target = base / "data/history/x";
    fs::create_directory_symlink(outside.path(), base / "data/abroad");
    fs::create_symlink(outside / "victim", base / "data/history/link");
    fs::create_symlink(outside / "new", base / "data/history/dangling");
    fs::create_directory(base / "data/history/folder");
    REQUIRE(::mkfifo((base / "data/history/fifo").c_str(), 0600) == 0);
    for (const char* path : {"abroad/victim", "abroad/new", "history/link", "history/dangling",
                             "history/folder", "history/fifo", "history/other/x"}) {
        CAPTURE(path);
        auto refused = files->append(path, "x\n");
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::corrupted);
    }
    for (const char* path : {"", "lock", "../x", "/etc/passwd", "a//b", ".tmp-1"}) {
        CAPTURE(path);
        auto refused = files->append(path, "x\n");
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
    }
    CHECK(all_below(outside.path()) == std::vector<std::string>{"victim"});
    CHECK(fs::file_size(outside / "victim") == 9);
    CHECK(files->read("history/other").value() == "x");
}

TEST_CASE_METHOD(fixture, "an append that stops in the middle is undone") {
    REQUIRE(files->append("h", "one\n"));
    auto* const old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old{};
    ::getrlimit(RLIMIT_FSIZE, &old);
    rlimit tight = old;
    tight.rlim_cur = 100;
    ::setrlimit(RLIMIT_FSIZE, &tight);
    const auto outcome = files->append("h", std::string(200, 'x') + "\n");
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, old_handler);
    REQUIRE(!outcome);
    CHECK(files->read("h").value() == "one\n");
    CHECK(files->append("h", "two\n").value() == 8);
}

TEST_CASE_METHOD(fixture, "appending goes on after the folder was taken away") {
    REQUIRE(files->append("history/x", "one\n"));
    REQUIRE(files->remove("history"));
    CHECK(files->append("history/x", "two\n").value() == 4);
    CHECK(files->read("history/x").value() == "two\n");
}
