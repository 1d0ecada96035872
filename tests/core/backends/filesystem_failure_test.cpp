// Disks that fail: what was there before stays, nothing half-written remains, and it works again afterwards.
#include "core/backends/durable.hpp"
#include "core/backends/filesystem_store.hpp"
#include "tests/core/backends/file_modes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>

using namespace evercert;
using namespace evercert::backends;
using testing::all_below;
using testing::temp_folder;

namespace {

stored_file file(std::string name, std::string contents) {
    stored_file made;
    made.name = std::move(name);
    made.contents = std::move(contents);
    return made;
}

/// No file may grow beyond this, as long as the guard lives.
class size_limit {
public:
    explicit size_limit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        rlimit now = old_;
        now.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, old_handler_);
    }
    size_limit(const size_limit&) = delete;
    size_limit& operator=(const size_limit&) = delete;

private:
    void (*old_handler_)(int);
    rlimit old_{};
};

class tiny_disk {
public:
    explicit tiny_disk(const char* options) {
        mounted_ = ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options) == 0;
    }
    ~tiny_disk() {
        if (mounted_) {
            ::umount2(folder_.path().c_str(), MNT_DETACH);
        }
    }
    tiny_disk(const tiny_disk&) = delete;
    tiny_disk& operator=(const tiny_disk&) = delete;
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return folder_ / name; }

private:
    temp_folder folder_;
    bool mounted_ = false;
};

} // namespace

TEST_CASE("a write that stops in the middle leaves the old contents and nothing else") {
    temp_folder base;
    auto files = std::move(*open_filesystem_store(base / "data"));
    REQUIRE(files->write("jobs/x", "old"));
    std::string long_text(100 * 1024, 'n');
    auto before = all_below(base / "data");
    {
        size_limit limit(16 * 1024);
        CHECK(!files->write("jobs/x", long_text));
        CHECK(!files->write("jobs/new", long_text));
        CHECK(!files->write_set("v/0001", {file("a", "small"), file("b", long_text)}));
    }
    CHECK(files->read("jobs/x").value() == "old");
    CHECK(files->read("jobs/new").value() == std::nullopt);
    CHECK(files->list("v").value().empty());
    before.emplace_back("v");
    CHECK(all_below(base / "data") == before);
    CHECK(files->write("jobs/x", long_text).has_value());
    CHECK(files->write_set("v/0001", {file("a", "small"), file("b", long_text)}).has_value());
    CHECK(files->read("v/0001/b").value() == long_text);
}

TEST_CASE("the named way cleans up after itself too") {
    temp_folder base;
    unique_fd folder(::open(base.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    {
        size_limit limit(1024);
        CHECK(!replace_file(folder.get(), "f", std::string(10000, 'x'), 0600, "f", temporary::named));
    }
    CHECK(all_below(base.path()).empty());
}

TEST_CASE("an fsync that fails is a failure") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    unique_fd in(ends[0]);
    unique_fd out(ends[1]);
    auto outcome = sync(out.get(), "/some/path"); // pipes cannot be synced
    REQUIRE(!outcome);
    CHECK(outcome.error().message.find("/some/path") != std::string::npos);
}

TEST_CASE("a full disk is told as such and is survived") {
    tiny_disk disk("size=64k,mode=0700");
    if (!disk.mounted()) {
        WARN("SKIPPED: a tmpfs cannot be mounted here (not root?)");
        return;
    }
    auto opened = open_filesystem_store(disk / "data");
    REQUIRE(opened);
    auto& files = **opened;
    REQUIRE(files.write("jobs/x", "old"));
    REQUIRE(files.write_set("v/0001", {file("a", "1")}));
    REQUIRE(files.switch_link("live/x", "v/0001"));
    std::string filling(4096, 'f');
    int blocks = 0;
    while (files.write("fill/" + std::to_string(blocks), filling)) {
        REQUIRE(++blocks < 100);
    }
    auto full = files.write("jobs/x", std::string(8192, 'n'));
    REQUIRE(!full);
    CHECK(full.error().code == errc::no_space);
    auto set = files.write_set("v/0002", {file("a", filling), file("b", filling)});
    REQUIRE(!set);
    CHECK(set.error().code == errc::no_space);
    CHECK(files.read("jobs/x").value() == "old");
    CHECK(files.list("v").value() == std::vector<std::string>{"0001"});
    CHECK(files.read_link("live/x").value() == "v/0001");
    for (const std::string& each : all_below(disk / "data")) {
        CHECK(each.find(".tmp-") == std::string::npos);
    }
    REQUIRE(files.remove("fill"));
    CHECK(files.write("jobs/x", std::string(8192, 'n')).has_value());
    CHECK(files.write_set("v/0002", {file("a", filling), file("b", filling)}).has_value());
}

TEST_CASE("no inodes left") {
    tiny_disk disk("size=1m,nr_inodes=12,mode=0700");
    if (!disk.mounted()) {
        WARN("SKIPPED: a tmpfs cannot be mounted here (not root?)");
        return;
    }
    auto opened = open_filesystem_store(disk / "data");
    REQUIRE(opened);
    auto& files = **opened;
    REQUIRE(files.write("jobs/x", "old"));
    int made = 0;
    while (files.write("fill/" + std::to_string(made), "x")) {
        REQUIRE(++made < 20);
    }
    for (int i = 0; i < 3; ++i) {
        auto outcome = files.write("jobs/x", "new");
        REQUIRE(!outcome);
        CHECK(outcome.error().code == errc::no_space);
    }
    CHECK(files.read("jobs/x").value() == "old");
    REQUIRE(files.remove("fill"));
    CHECK(files.write("jobs/x", "new").has_value());
}

TEST_CASE("a disk that became read-only is told, and works again") {
    tiny_disk disk("size=1m,mode=0700");
    if (!disk.mounted()) {
        WARN("SKIPPED: a tmpfs cannot be mounted here (not root?)");
        return;
    }
    auto opened = open_filesystem_store(disk / "data");
    REQUIRE(opened);
    auto& files = **opened;
    REQUIRE(files.write("jobs/x", "old"));
    std::string point = std::filesystem::path(disk / "x").parent_path();
    REQUIRE(::mount(nullptr, point.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0);
    CHECK(!files.write("jobs/x", "new"));
    CHECK(!files.remove("jobs/x"));
    CHECK(!files.switch_link("live/x", "v/0001"));
    CHECK(files.read("jobs/x").value() == "old");
    REQUIRE(::mount(nullptr, point.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0);
    CHECK(files.write("jobs/x", "new").has_value());
}

TEST_CASE("what does not come back from the disk as it was written is told") {
    temp_folder base;
    unique_fd folder(::open(base.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string text = "a certificate";
    auto file = create_file(folder.get(), "f", 0600, "f");
    REQUIRE(file);
    REQUIRE(write_all(file->get(), text, "f"));
    CHECK(check_contents(file->get(), text, "f").has_value());
    for (const std::string& other : {std::string(), text + "x", text.substr(1),
                                     "a certificatf" + std::string(), std::string(text.size(), '\0')}) {
        CAPTURE(other);
        auto refused = check_contents(file->get(), other, "/data/f");
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::corrupted);
        CHECK(refused.error().message.starts_with("/data/f was written"));
    }
    auto empty = create_file(folder.get(), "empty", 0600, "empty");
    REQUIRE(empty);
    CHECK(check_contents(empty->get(), "", "empty").has_value());
    unique_fd write_only(::open((base / "f").c_str(), O_WRONLY | O_CLOEXEC));
    CHECK(check_contents(write_only.get(), text, "f").error().code == errc::io);
}

TEST_CASE("paths in messages are whole") {
    CHECK(shown_path("f").text() == "f");
    CHECK(shown_path("/data", "").text() == "/data");
    CHECK(shown_path("/data", "jobs/x").text() == "/data/jobs/x");
    CHECK(shown_path("/data", "v/0001", "a").text() == "/data/v/0001/a");
    CHECK(shown_path("/", "jobs").text() == "/jobs");
    CHECK(shown_path("/", "").text() == "/");
}
