#include "core/crypto/secret_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <sys/stat.h>

using namespace evercert;
using namespace evercert::crypto;
using namespace evercert::testing;

TEST_CASE("A secret file is read as it is, and its line ends go when that is asked for") {
    const temp_folder files;
    auto read = read_secret_file(files.write("key", "s3cret \r\n\n"), 100, "the key");
    REQUIRE(read);
    CHECK(read->view() == "s3cret \r\n\n");
    read->drop_line_ends();
    CHECK(read->view() == "s3cret ");
    read = read_secret_file(files.write("empty", ""), 100, "the key");
    REQUIRE(read);
    CHECK(read->empty());
    read->drop_line_ends();
    CHECK(read->empty());
}

TEST_CASE("What cannot be a secret file is refused by what it is called, without a word of it") {
    const temp_folder files;
    const auto message = [&](const std::string& path) {
        const auto read = read_secret_file(path, 8, "the key of x");
        REQUIRE(!read);
        return read.error().text();
    };
    CHECK(message(files / "missing").starts_with("cannot read the key of x: "));
    CHECK(read_secret_file(files / "missing", 8, "x").error().code == errc::not_found);
    const std::string longer = message(files.write("long", "123456789"));
    CHECK(longer == "the key of x is longer than 8 bytes: is it the right file?");
    CHECK(message(files.path()) == "cannot read the key of x: it is not a plain file");
    REQUIRE(::mkfifo((files / "pipe").c_str(), 0600) == 0);
    CHECK(message(files / "pipe") == "cannot read the key of x: it is not a plain file");
    CHECK(read_secret_file(files.write("fits", "12345678"), 8, "x"));
}
