// Things planted where the store expects its own: refused, not followed, not replaced, not waited for.
#include "core/backends/durable.hpp"
#include "core/backends/filesystem_store.hpp"
#include "core/backends/store_path.hpp"
#include "tests/core/backends/file_modes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <thread>

using namespace evercert;
using namespace evercert::backends;
using testing::all_below;
using testing::temp_folder;
namespace fs = std::filesystem;

namespace {

struct fixture {
    fixture() {
        std::ofstream(outside / "victim") << "untouched";
        auto opened = open_filesystem_store(base / "data");
        REQUIRE(opened);
        files = std::move(*opened);
        set.name = "a";
        set.contents = "1";
    }
    void outside_is_untouched() {
        CHECK(all_below(outside.path()) == std::vector<std::string>{"victim"});
        std::ifstream in(outside / "victim");
        std::string text;
        in >> text;
        CHECK(text == "untouched");
    }
    template <class T>
    static void corrupted(const result<T>& outcome) {
        REQUIRE(!outcome);
        CHECK(outcome.error().code == errc::corrupted);
    }
    temp_folder base;
    temp_folder outside;
    std::unique_ptr<store> files;
    stored_file set;
};

} // namespace

TEST_CASE_METHOD(fixture, "a symbolic link in place of a folder is refused by every verb") {
    bool abroad = GENERATE(true, false);
    fs::create_directory(base / "data/real");
    fs::create_directory_symlink(abroad ? outside.path() : std::string("real"), base / "data/jobs");
    corrupted(files->read("jobs/victim"));
    corrupted(files->write("jobs/victim", "x"));
    corrupted(files->write("jobs/deeper/new", "x"));
    corrupted(files->write_set("jobs/new", {set}));
    corrupted(files->switch_link("jobs/new", "certificates/x"));
    corrupted(files->read_link("jobs/victim"));
    corrupted(files->list("jobs"));
    corrupted(files->remove("jobs/victim"));
    outside_is_untouched();
    CHECK(fs::is_empty(base / "data/real"));
    CHECK(fs::is_symlink(base / "data/jobs"));
    // The link itself may be taken away, and then all is well.
    REQUIRE(files->remove("jobs"));
    CHECK(files->write("jobs/victim", "x").has_value());
    outside_is_untouched();
}

TEST_CASE_METHOD(fixture, "a symbolic link deeper down is refused too") {
    REQUIRE(files->write("a/b/c", "x"));
    REQUIRE(files->remove("a/b"));
    fs::create_directory_symlink(outside.path(), base / "data/a/b");
    corrupted(files->write("a/b/victim", "x"));
    corrupted(files->write("a/b/c/d", "x"));
    corrupted(files->read("a/b/victim"));
    corrupted(files->remove("a/b/victim"));
    outside_is_untouched();
}

TEST_CASE_METHOD(fixture, "a symbolic link, a folder or a FIFO in place of a file is refused, at once") {
    REQUIRE(files->write("jobs/other", "x"));
    std::string kind = GENERATE(std::string("link"), "dangling", "folder", "fifo");
    std::string target = base / "data/jobs/x";
    if (kind == "link") {
        fs::create_symlink(outside / "victim", target);
    } else if (kind == "dangling") {
        fs::create_symlink(outside / "new", target);
    } else if (kind == "folder") {
        fs::create_directory(target);
    } else {
        REQUIRE(::mkfifo(target.c_str(), 0600) == 0);
    }
    CAPTURE(kind);
    auto type = fs::symlink_status(target).type();
    corrupted(files->read("jobs/x"));
    corrupted(files->write("jobs/x", "new"));
    if (type != fs::file_type::symlink) {
        corrupted(files->switch_link("jobs/x", "certificates/x"));
        corrupted(files->read_link("jobs/x"));
    } else {
        auto foreign = files->read_link("jobs/x");
        corrupted(foreign);
        CHECK(!foreign.error().foreign.empty());
    }
    CHECK(fs::symlink_status(target).type() == type);
    CHECK(all_below(base / "data/jobs") == std::vector<std::string>{"other", "x"});
    outside_is_untouched();
    REQUIRE(files->remove("jobs/x"));
    CHECK(files->write("jobs/x", "new").has_value());
    CHECK(files->read("jobs/x").value() == "new");
    outside_is_untouched();
}

TEST_CASE_METHOD(fixture, "a link is only read if switch_link could have written it") {
    fs::create_directory(base / "data/live");
    for (std::string bad : {"/etc", "../../etc", "certificates/x", "../certificates/../x", "..", "../",
                            "../a//b", "../certificates/x/", "../.tmp-1", "../a\nb"}) {
        CAPTURE(bad);
        fs::create_symlink(bad, base / "data/live/x");
        corrupted(files->read_link("live/x"));
        REQUIRE(files->remove("live/x"));
    }
    fs::create_symlink("../certificates/x", base / "data/live/x");
    CHECK(files->read_link("live/x").value() == "certificates/x");
}

TEST_CASE_METHOD(fixture, "no verb takes a path that could leave the root") {
    for (std::string bad :
         {"", "/etc/passwd", "../victim", "a/../../victim", "a/./b", "a//b", "a/", ".tmp-1", "a\nb"}) {
        CAPTURE(bad);
        auto refused = [](const auto& outcome) {
            REQUIRE(!outcome);
            CHECK(outcome.error().code == errc::invalid_argument);
        };
        refused(files->read(bad));
        refused(files->write(bad, "x"));
        refused(files->write_set(bad, {set}));
        refused(files->switch_link(bad, "a"));
        refused(files->switch_link("a", bad));
        refused(files->read_link(bad));
        refused(files->remove(bad));
        if (!bad.empty()) {
            refused(files->list(bad));
        }
    }
    CHECK(all_below(base / "data") == std::vector<std::string>{"lock"});
}

TEST_CASE_METHOD(fixture, "a parent swapped for a link in a loop never leads a write outside") {
    REQUIRE(files->write("jobs/x", "0"));
    std::atomic<bool> stop{false};
    std::string jobs = base / "data/jobs";
    fs::create_directory_symlink(outside.path(), base / "data/evil");
    std::thread racer([&] {
        while (!stop) {
            // jobs <-> evil, by exchange: there is always something at jobs.
            ::renameat2(AT_FDCWD, jobs.c_str(), AT_FDCWD, (base / "data/evil").c_str(), RENAME_EXCHANGE);
        }
    });
    unsigned written = 0;
    unsigned refused = 0;
    for (int i = 0; i < 200; ++i) {
        auto outcome = files->write("jobs/victim", "pwned");
        outcome ? ++written : ++refused;
    }
    stop = true;
    racer.join();
    CAPTURE(written, refused);
    CHECK(written + refused == 200);
    outside_is_untouched();
}

TEST_CASE("without O_TMPFILE a named temporary file does the same") {
    temp_folder base;
    unique_fd folder(::open(base.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto kind = GENERATE(temporary::named, temporary::unnamed_if_possible);
    REQUIRE(replace_file(folder.get(), "f", "one", 0600, "f", kind));
    REQUIRE(replace_file(folder.get(), "f", "two", 0640, "f", kind));
    std::ifstream in(base / "f");
    std::string text;
    in >> text;
    CHECK(text == "two");
    CHECK(testing::mode_of(base / "f") == (S_IFREG | 0640));
    fs::create_symlink("f", base / "link");
    fs::create_directory(base / "folder");
    CHECK(replace_file(folder.get(), "link", "x", 0600, "link", kind).error().code == errc::corrupted);
    CHECK(replace_file(folder.get(), "folder", "x", 0600, "folder", kind).error().code == errc::corrupted);
    CHECK(all_below(base.path()) == std::vector<std::string>{"f", "folder", "link"});
}
