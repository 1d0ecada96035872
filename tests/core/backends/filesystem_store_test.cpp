#include "core/backends/filesystem_store.hpp"
#include "tests/core/backends/file_modes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace evercert;
using namespace evercert::backends;
using testing::all_below;
using testing::mode_of;
using testing::temp_folder;
using testing::umask_guard;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<store> open(const std::string& root) {
    auto opened = open_filesystem_store(root);
    INFO((opened ? std::string() : opened.error().text()));
    REQUIRE(opened);
    return std::move(*opened);
}

stored_file file(std::string name, std::string contents, unsigned mode = 0600) {
    stored_file made;
    made.name = std::move(name);
    made.contents = std::move(contents);
    made.mode = mode;
    return made;
}

std::vector<std::string> names_in_folder(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& each : fs::directory_iterator(folder)) {
        names.push_back(each.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("what is written is read back, whatever the umask, with exactly the mode asked for") {
    mode_t mask = GENERATE(mode_t(0), mode_t(022), mode_t(077));
    umask_guard guard(mask);
    temp_folder base;
    auto files = open(base / "data");
    std::string binary("\0\xff\n-", 4);

    REQUIRE(files->write("jobs/a.json", "one"));
    REQUIRE(files->write("jobs/a.json", binary, 0640));
    REQUIRE(files->write("top", "", 0600));
    REQUIRE(files->write("a/b/c/d", "deep", 0444));
    CHECK(files->read("jobs/a.json").value() == binary);
    CHECK(files->read("top").value() == "");
    CHECK(files->read("a/b/c/d").value() == "deep");
    CHECK(mode_of(base / "data") == (S_IFDIR | 0700));
    CHECK(mode_of(base / "data/lock") == (S_IFREG | 0600));
    CHECK(mode_of(base / "data/jobs") == (S_IFDIR | 0700));
    CHECK(mode_of(base / "data/a/b/c") == (S_IFDIR | 0700));
    CHECK(mode_of(base / "data/jobs/a.json") == (S_IFREG | 0640));
    CHECK(mode_of(base / "data/top") == (S_IFREG | 0600));
    CHECK(mode_of(base / "data/a/b/c/d") == (S_IFREG | 0444));

    REQUIRE(files->write_set("c/x/versions/0001", {file("cert.pem", "c", 0644), file("privkey.pem", "k")}));
    CHECK(mode_of(base / "data/c/x/versions/0001") == (S_IFDIR | 0700));
    CHECK(mode_of(base / "data/c/x/versions/0001/cert.pem") == (S_IFREG | 0644));
    CHECK(mode_of(base / "data/c/x/versions/0001/privkey.pem") == (S_IFREG | 0600));
    CHECK(all_below(base / "data") ==
          std::vector<std::string>{"a", "a/b", "a/b/c", "a/b/c/d", "c", "c/x", "c/x/versions",
                                   "c/x/versions/0001", "c/x/versions/0001/cert.pem",
                                   "c/x/versions/0001/privkey.pem", "jobs", "jobs/a.json", "lock", "top"});
}

TEST_CASE("a set-group-id parent does not decide modes") {
    temp_folder base;
    fs::create_directory(base / "data");
    REQUIRE(::chmod((base / "data").c_str(), 02700) == 0);
    auto files = open(base / "data");
    REQUIRE(files->write("a/b", "x"));
    CHECK(mode_of(base / "data/a") == (S_IFDIR | 0700));
}

TEST_CASE("missing is nullopt, too long is an error") {
    temp_folder base;
    auto files = open(base / "data");
    CHECK(files->read("none").value() == std::nullopt);
    CHECK(files->read("none/none").value() == std::nullopt);
    CHECK(files->read_link("live/none").value() == std::nullopt);
    CHECK(files->list("none").value().empty());
    CHECK(files->remove("none").has_value());
    CHECK(files->remove("none/none").has_value());
    REQUIRE(files->write("f", "12345"));
    CHECK(files->read("f", 5).value() == "12345");
    CHECK(files->read("f", 4).error().code == errc::too_large);
    std::string big(3 * 1024 * 1024, 'x');
    REQUIRE(files->write("big", big));
    CHECK(files->read("big").error().code == errc::too_large);
    CHECK(files->read("big", big.size()).value() == big);
}

TEST_CASE("a set is there whole or not at all, and never replaced") {
    temp_folder base;
    auto files = open(base / "data");
    REQUIRE(files->write_set("v/0001", {file("a", "1"), file("b", "")}));
    auto again = files->write_set("v/0001", {file("a", "2")});
    REQUIRE(!again);
    CHECK(again.error().code == errc::exists);
    CHECK(files->read("v/0001/a").value() == "1");
    CHECK(files->list("v/0001").value() == std::vector<std::string>{"a", "b"});
    REQUIRE(files->write("v/file", "x"));
    CHECK(files->write_set("v/file", {file("a", "1")}).error().code == errc::exists);
    fs::create_symlink("nowhere", base / "data/v/0002");
    CHECK(files->write_set("v/0002", {file("a", "1")}).error().code == errc::exists);
    fs::create_directory(base / "data/v/0003");
    CHECK(files->write_set("v/0003", {file("a", "1")}).error().code == errc::exists);

    for (std::string bad : {"", "..", "a/b", "a\n", ".tmp-x"}) {
        CAPTURE(bad);
        CHECK(files->write_set("v/0009", {file("good", "1"), file(bad, "2")}).error().code ==
              errc::invalid_argument);
    }
    CHECK(files->write_set("v/0009", {file("a", "1"), file("a", "2")}).error().code ==
          errc::invalid_argument);
    CHECK(files->list("v").value() == std::vector<std::string>{"0001", "0002", "0003", "file"});
    CHECK(all_below(base / "data/v").size() == 6);
}

TEST_CASE("a link is relative and switched in place") {
    temp_folder base;
    auto files = open(base / "data");
    REQUIRE(files->write_set("certificates/x/versions/0001", {file("a", "1")}));
    REQUIRE(files->write_set("certificates/x/versions/0002", {file("a", "2")}));
    REQUIRE(files->switch_link("live/x", "certificates/x/versions/0001"));
    CHECK(fs::read_symlink(base / "data/live/x") == "../certificates/x/versions/0001");
    CHECK(slurp(base / "data/live/x/a") == "1");
    REQUIRE(files->switch_link("live/x", "certificates/x/versions/0002"));
    CHECK(slurp(base / "data/live/x/a") == "2");
    CHECK(files->read_link("live/x").value() == "certificates/x/versions/0002");
    CHECK(files->list("live").value() == std::vector<std::string>{"x"});
    CHECK(all_below(base / "data/live") == std::vector<std::string>{"x"});

    REQUIRE(files->switch_link("top", "live"));
    CHECK(fs::read_symlink(base / "data/top") == "live");
    CHECK(files->read_link("top").value() == "live");
    REQUIRE(files->remove("top"));
    CHECK(files->read_link("top").value() == std::nullopt);
    CHECK(fs::exists(base / "data/live/x/a"));
}

TEST_CASE("removing takes everything below, and links but not what they lead to") {
    temp_folder base;
    temp_folder outside;
    std::ofstream(outside / "kept") << "x";
    auto files = open(base / "data");
    REQUIRE(files->write_set("v/0001", {file("a", "1"), file("b", "2")}));
    REQUIRE(files->write("v/0001/deep/er/c", "3"));
    fs::create_directory_symlink(outside.path(), base / "data/v/0001/abroad");
    REQUIRE(files->remove("v/0001"));
    CHECK(files->list("v").value().empty());
    CHECK(all_below(base / "data/v").empty());
    CHECK(fs::exists(outside / "kept"));
    REQUIRE(files->write("v/one", "x"));
    REQUIRE(files->remove("v/one"));
    CHECK(files->read("v/one").value() == std::nullopt);
    REQUIRE(files->remove("v"));
    REQUIRE(files->write("v/one", "again"));
    CHECK(files->read("v/one").value() == "again");
}

TEST_CASE("listing is sorted and shows nothing that is not the store's") {
    temp_folder base;
    auto files = open(base / "data");
    for (std::string name : {"c", "a", "b"}) {
        REQUIRE(files->write("d/" + name, name));
    }
    std::ofstream(base / "data/d/.tmp-99-1") << "x";
    std::ofstream(base / "data/d/with space") << "x";
    CHECK(files->list("d").value() == std::vector<std::string>{"a", "b", "c"});
    CHECK(files->list("").value() == std::vector<std::string>{"d"});
    CHECK(files->absolute("d/a") == base / "data/d/a");
    CHECK(files->absolute("") == base / "data");
}

TEST_CASE("one store per data_dir") {
    temp_folder base;
    auto first = open(base / "data");
    auto second = open_filesystem_store(base / "data");
    REQUIRE(!second);
    CHECK(second.error().code == errc::busy);
    CHECK(second.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
    first.reset();
    CHECK(open_filesystem_store(base / "data").has_value());
    for (auto verb : {0, 1, 2}) {
        auto files = open(base / "data");
        auto refused = verb == 0   ? files->write("lock", "x")
                       : verb == 1 ? files->remove("lock")
                                   : files->switch_link("lock", "x");
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
    }
}

TEST_CASE("leftovers of interrupted writes are swept when their folder is written to next, and no other") {
    temp_folder base;
    {
        auto files = open(base / "data");
    }
    fs::create_directories(base / "data/jobs/deeper");
    fs::create_directories(base / "data/live/.tmp-1-3/deep");
    for (std::string name :
         {".tmp-1-1", "jobs/.tmp-1-2", "jobs/kept", "live/.tmp-1-3/deep/a", "jobs/deeper/.tmp-1-5"}) {
        std::ofstream(base / ("data/" + name)) << "x";
    }
    fs::create_directory_symlink("..", base / "data/live/.tmp-1-4");
    temp_folder outside;
    std::ofstream(outside / ".tmp-foreign") << "x";
    fs::create_directory_symlink(outside.path(), base / "data/abroad");
    auto files = open(base / "data");
    // The root at once. Nobody sees what is still there.
    CHECK(names_in_folder(base / "data") == std::vector<std::string>{"abroad", "jobs", "live", "lock"});
    CHECK(files->list("jobs").value() == std::vector<std::string>{"deeper", "kept"});
    CHECK(files->list("jobs/deeper").value().empty());
    CHECK(files->list("live").value().empty());
    CHECK(fs::exists(base / "data/jobs/.tmp-1-2"));
    REQUIRE(files->write("jobs/new", "x"));
    CHECK(names_in_folder(base / "data/jobs") == std::vector<std::string>{"deeper", "kept", "new"});
    CHECK(fs::exists(base / "data/jobs/deeper/.tmp-1-5"));
    CHECK(fs::exists(base / "data/live/.tmp-1-3/deep/a"));
    REQUIRE(files->switch_link("live/new", "jobs"));
    CHECK(names_in_folder(base / "data/live") == std::vector<std::string>{"new"});
    REQUIRE(files->write("jobs/deeper/new", "x"));
    CHECK(names_in_folder(base / "data/jobs/deeper") == std::vector<std::string>{"new"});
    CHECK(!files->write("abroad/new", "x"));
    CHECK(fs::exists(outside / ".tmp-foreign"));
}

TEST_CASE("leftovers beside versions are swept by every verb that writes there") {
    auto verb = GENERATE(0, 1, 2);
    temp_folder base;
    auto files = open(base / "data");
    REQUIRE(files->write_set("certificates/x/versions/0001", {file("a", "1")}));
    const std::string versions = base / "data/certificates/x/versions";
    fs::create_directories(versions + "/.tmp-1-3/deep");
    std::ofstream(versions + "/.tmp-1-3/deep/privkey.pem") << "x";
    std::ofstream(versions + "/.tmp-1-2") << "x";
    fs::create_directories(base / "data/certificates/y/versions/.tmp-1-3");
    if (verb == 0) {
        REQUIRE(files->write_set("certificates/x/versions/0002", {file("a", "1")}));
    } else if (verb == 1) {
        REQUIRE(files->write("certificates/x/versions/0002", "1"));
    } else {
        REQUIRE(files->switch_link("certificates/x/versions/0002", "certificates"));
    }
    CHECK(names_in_folder(versions) == std::vector<std::string>{"0001", "0002"});
    // The others are not looked through: each pays for its own.
    CHECK(fs::exists(base / "data/certificates/y/versions/.tmp-1-3"));
}

TEST_CASE("what another thread is writing is no leftover") {
    temp_folder base;
    auto files = open(base / "data");
    REQUIRE(files->write("a/b/start", "x"));
    std::atomic<unsigned> failures{0};
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&, writer] {
            for (int i = 0; i < 50; ++i) {
                const std::string name = "a/b/" + std::to_string(writer);
                bool good = files->write(name + "-file", "x").has_value();
                good = files->write_set(name + "-set", {file("one", "1"), file("two", "2")}) && good;
                good = files->switch_link(name + "-link", "a/b") && good;
                good = files->remove(name + "-set") && good;
                failures += good ? 0 : 1;
            }
        });
    }
    for (std::thread& writer : writers) {
        writer.join();
    }
    CHECK(failures == 0);
    CHECK(names_in_folder(base / "data/a/b").size() == 9);
}

TEST_CASE("data_dir is made with its parents, and refused when others could change it") {
    temp_folder base;
    {
        auto files = open(base / "new/deeper/data/");
        CHECK(files->absolute("x") == base / "new/deeper/data/x");
        CHECK(mode_of(base / "new/deeper") == (S_IFDIR | 0700));
    }
    fs::create_directory_symlink("deeper", base / "new/link");
    CHECK(open_filesystem_store(base / "new/link/data").has_value());
    for (unsigned mode : {0777U, 0770U, 0702U, 01777U}) {
        REQUIRE(::chmod((base / "new/deeper/data").c_str(), mode) == 0);
        auto refused = open_filesystem_store(base / "new/deeper/data");
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
        CHECK(mode_of(base / "new/deeper/data") == (S_IFDIR | mode));
    }
    std::ofstream(base / "file") << "x";
    CHECK(!open_filesystem_store(base / "file"));
    CHECK(!open_filesystem_store(base / "file/data"));
    CHECK(!open_filesystem_store(""));
    if (::geteuid() == 0) {
        fs::create_directory(base / "theirs");
        REQUIRE(::chown((base / "theirs").c_str(), 65534, 65534) == 0);
        auto refused = open_filesystem_store(base / "theirs");
        REQUIRE(!refused);
        CHECK(refused.error().message.find("65534") != std::string::npos);
    }
}
