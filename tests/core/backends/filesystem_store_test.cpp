#include "core/backends/filesystem_store.hpp"
#include "tests/core/backends/temp_folder.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
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

TEST_CASE("leftovers of interrupted writes are swept when the store is opened") {
    temp_folder base;
    {
        auto files = open(base / "data");
        REQUIRE(files->write_set("certificates/x/versions/0001", {file("a", "1")}));
    }
    std::ofstream(base / "data/.tmp-1-1") << "x";
    std::ofstream(base / "data/certificates/.tmp-1-2") << "x";
    fs::create_directories(base / "data/certificates/x/versions/.tmp-1-3/deep");
    std::ofstream(base / "data/certificates/x/versions/.tmp-1-3/deep/a") << "x";
    fs::create_directory_symlink("..", base / "data/certificates/x/.tmp-1-4");
    temp_folder outside;
    std::ofstream(outside / ".tmp-foreign") << "x";
    fs::create_directory_symlink(outside.path(), base / "data/abroad");
    auto files = open(base / "data");
    CHECK(all_below(base / "data") ==
          std::vector<std::string>{"abroad", "certificates", "certificates/x", "certificates/x/versions",
                                   "certificates/x/versions/0001", "certificates/x/versions/0001/a", "lock"});
    CHECK(fs::exists(outside / ".tmp-foreign"));
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
