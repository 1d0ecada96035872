#include "core/backends/store_path.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <fcntl.h>
#include <fstream>

using namespace evercert;
using namespace evercert::backends;
using testing::temp_folder;

TEST_CASE("paths of the store are safe components and nothing else") {
    for (std::string good : {"a", "jobs/a.json", "certificates/wildcard.example.com/versions/0007", "A-b_c.9",
                             "..a", "-x", "accounts/corp/account.key.1"}) {
        CAPTURE(good);
        CHECK(check_path(good).has_value());
    }
    std::vector<std::string> corpus = {"",     "/",     "/etc/passwd", "a/",       "//a",       "a//b",
                                       ".",    "..",    "../a",        "a/../b",   "a/..",      "a/./b",
                                       "a\\b", "a b",   "a\nb",        "%2e%2e/a", "a:b",       "a*",
                                       "~/a",  "$HOME", "\xc3\xa9",    ".tmp-1-1", "a/.tmp-x",  "a;b",
                                       "a'b",  "a\"b",  "a|b",         "a\x7f",    "..\\..\\a", "a/b/\x01"};
    corpus.push_back(std::string("a\0b", 3));
    corpus.push_back(std::string("a/..\0", 5));
    corpus.push_back(std::string(256, 'a'));
    corpus.push_back(std::string(10000, 'a'));
    std::string deep = "a";
    for (int i = 0; i < 16; ++i) {
        deep += "/a";
    }
    corpus.push_back(deep);
    for (const std::string& bad : corpus) {
        CAPTURE(bad);
        auto refused = check_path(bad);
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
        CHECK(refused.error().message.find('\n') == std::string::npos);
    }
}

TEST_CASE("paths are taken apart") {
    CHECK(components("a/b/c") == std::vector<std::string>{"a", "b", "c"});
    CHECK(components("").empty());
    CHECK(split_path("a/b/c") == std::pair<std::string, std::string>("a/b", "c"));
    CHECK(split_path("c") == std::pair<std::string, std::string>("", "c"));
}

TEST_CASE("opening follows no link, by the kernel's help or step by step") {
    temp_folder outside;
    std::ofstream(outside / "secret") << "x";
    temp_folder root;
    std::filesystem::create_directories(root / "real/deep");
    std::ofstream(root / "real/deep/file") << "x";
    std::filesystem::create_directory_symlink(outside.path(), root / "abroad");
    std::filesystem::create_directory_symlink("real", root / "inside");
    std::filesystem::create_symlink(outside / "secret", root / "real/link");
    unique_fd folder(::open(root.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(folder);

    auto open = GENERATE(&open_beneath, &open_by_component);
    auto opens = [&](const char* path, int flags) {
        unique_fd fd(open(folder.get(), path, flags));
        return static_cast<bool>(fd);
    };
    CHECK(opens("real/deep/file", O_RDONLY));
    CHECK(opens("real/deep", O_RDONLY | O_DIRECTORY));
    CHECK(opens("", O_RDONLY | O_DIRECTORY));
    for (const char* link : {"abroad/secret", "inside/deep/file", "real/link", "abroad", "inside"}) {
        CAPTURE(link);
        CHECK(!opens(link, O_RDONLY));
        CHECK((errno == ELOOP || errno == ENOTDIR));
        CHECK(!opens(link, O_RDONLY | O_DIRECTORY));
    }
    CHECK(!opens("real/none", O_RDONLY));
    CHECK(errno == ENOENT);
    CHECK(!opens("none/none", O_RDONLY));
    CHECK(errno == ENOENT);
    CHECK(!opens("real/deep/file/x", O_RDONLY));
    CHECK(errno == ENOTDIR);
}
