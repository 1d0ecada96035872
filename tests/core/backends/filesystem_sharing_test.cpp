// Sets that share a file which is on disk already, and folders that come with a file.
#include "core/backends/filesystem_store.hpp"
#include "tests/core/backends/file_modes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <sys/stat.h>

using namespace evercert;
using namespace evercert::backends;
using testing::all_below;
using testing::mode_of;
using testing::temp_folder;
namespace fs = std::filesystem;

namespace {

struct fixture {
    temp_folder base;
    std::unique_ptr<store> files = std::move(*open_filesystem_store(base / "data"));

    static stored_file key(std::string contents) {
        stored_file made;
        made.name = "privkey.pem";
        made.contents = std::move(contents);
        made.same_as = "certificates/a/pending.key";
        return made;
    }
    [[nodiscard]] std::string path(const std::string& name) const { return base / ("data/" + name); }
    [[nodiscard]] bool same_file(const std::string& one, const std::string& other) const {
        return fs::equivalent(path(one), path(other));
    }
};

const std::string version = "certificates/a/versions/0001";
const std::string pending = "certificates/a/pending.key";
const std::string stored = version + "/privkey.pem";

} // namespace

TEST_CASE_METHOD(fixture, "a set takes a file that holds the same bytes already") {
    REQUIRE(files->write(pending, "secret"));
    REQUIRE(files->write_set(version, {key("secret")}));
    CHECK(same_file(stored, pending));
    // Replacing or removing the one is nothing to the other.
    REQUIRE(files->write(pending, "another"));
    CHECK(files->read(stored).value() == "secret");
    REQUIRE(files->remove(pending));
    CHECK(files->read(stored).value() == "secret");
    CHECK(mode_of(path(stored)) == (S_IFREG | 0600));
}

TEST_CASE_METHOD(fixture, "what is not the same is written") {
    REQUIRE(files->write(pending, "secret"));
    SECTION("other bytes") {
        REQUIRE(files->write_set(version, {key("SECRET")}));
    }
    SECTION("more bytes") {
        REQUIRE(files->write_set(version, {key("secret and more")}));
    }
    SECTION("fewer bytes") {
        REQUIRE(files->write_set(version, {key("sec")}));
    }
    SECTION("another mode") {
        stored_file open_to_all = key("secret");
        open_to_all.mode = 0644;
        REQUIRE(files->write_set(version, {open_to_all}));
        CHECK(mode_of(path(stored)) == (S_IFREG | 0644));
    }
    SECTION("nothing there") {
        REQUIRE(files->remove(pending));
        REQUIRE(files->write_set(version, {key("secret")}));
        CHECK(files->read(stored).value() == "secret");
        return;
    }
    SECTION("a symbolic link") {
        REQUIRE(files->remove(pending));
        std::ofstream(base / "elsewhere") << "secret";
        fs::permissions(base / "elsewhere", fs::perms(0600));
        fs::create_symlink(base / "elsewhere", path(pending));
        REQUIRE(files->write_set(version, {key("secret")}));
        CHECK(fs::is_regular_file(fs::symlink_status(path(stored))));
    }
    SECTION("a way out of the root") {
        std::ofstream(base / "elsewhere") << "secret";
        fs::permissions(base / "elsewhere", fs::perms(0600));
        stored_file led_away = key("secret");
        led_away.same_as = "../elsewhere";
        REQUIRE(files->write_set(version, {led_away}));
        CHECK_FALSE(fs::equivalent(path(stored), base / "elsewhere"));
    }
    CHECK_FALSE(same_file(stored, pending));
    CHECK(fs::hard_link_count(path(stored)) == 1);
}

TEST_CASE_METHOD(fixture, "a set that fails leaves what it would have shared") {
    REQUIRE(files->write(pending, "secret"));
    REQUIRE(files->write_set(version, {key("secret")}));
    const auto before = all_below(base / "data");
    CHECK(files->write_set(version, {key("secret")}).error().code == errc::exists);
    CHECK(all_below(base / "data") == before);
    CHECK(files->read(pending).value() == "secret");
}

TEST_CASE_METHOD(fixture, "a new folder comes with the folder beside its first file") {
    REQUIRE(files->write(pending, "secret", 0600, "versions"));
    CHECK(mode_of(path("certificates/a/versions")) == (S_IFDIR | 0700));
    CHECK(files->list("certificates/a/versions").value().empty());
    REQUIRE(files->write_set(version, {key("secret")}));
    CHECK(same_file(stored, pending));

    // Only then: what is missing later is missing for a reason, or made by who needs it.
    REQUIRE(files->remove("certificates/a/versions"));
    REQUIRE(files->write(pending, "another", 0600, "versions"));
    CHECK_FALSE(fs::exists(path("certificates/a/versions")));

    REQUIRE(files->write("certificates/b/pending.key", "secret", 0600, "../../out"));
    CHECK_FALSE(fs::exists(path("out")));
    CHECK(files->read("certificates/b/pending.key").value() == "secret");
}
