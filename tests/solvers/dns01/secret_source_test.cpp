#include "solvers/dns01/secret_source.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdlib>
#include <sys/stat.h>

using namespace evercert;
using namespace evercert::testing;
using solvers::secret_source;

namespace {

struct credentials_directory {
    explicit credentials_directory(const char* path) {
        if (path == nullptr) {
            ::unsetenv("CREDENTIALS_DIRECTORY");
        } else {
            ::setenv("CREDENTIALS_DIRECTORY", path, 1);
        }
    }
    ~credentials_directory() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
};

} // namespace

TEST_CASE("a secret is read each time, without the line ends behind it") {
    const temp_folder folder;
    const auto from = secret_source::file(folder.write("token", "abc\r\n\n"));
    CHECK(from.place() == folder / "token");
    CHECK(from.read(100)->view() == "abc");
    folder.write("token", " de\nf ");
    CHECK(from.read(100)->view() == " de\nf ");
    CHECK(secret_source().empty());
    CHECK_FALSE(from.empty());
}

TEST_CASE("a secret that cannot be read is named, with the reason") {
    const temp_folder folder;
    const auto code = [](const secret_source& from) {
        const auto read = from.read(10);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().message.find(from.place()) != std::string::npos);
        return read.error().code;
    };
    CHECK(code(secret_source::file(folder / "none")) == errc::not_found);
    CHECK(code(secret_source::file(folder.write("empty", "\n\n"))) == errc::invalid_argument);
    CHECK(code(secret_source::file(folder.write("long", "12345678901"))) == errc::too_large);
    CHECK(code(secret_source::file(folder.path())) == errc::io);
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(code(secret_source::file(folder / "pipe")) == errc::io); // and does not wait for somebody to write
    CHECK(secret_source::file(folder.write("just", "1234567890")).read(10)->view() == "1234567890");
}

TEST_CASE("a credential is looked for where systemd puts it") {
    const temp_folder folder;
    folder.write("dns", "tok\n");
    {
        const credentials_directory set(folder.path().c_str());
        const auto from = secret_source::credential("dns");
        REQUIRE(from.has_value());
        CHECK(from->place() == "the credential dns");
        CHECK(from->read(10)->view() == "tok");
        const auto missing = secret_source::credential("none");
        REQUIRE_FALSE(missing.has_value());
        CHECK(missing.error().code == errc::not_found);
        CHECK(missing.error().message.find("/etc/evercert/credentials") != std::string::npos);
        folder.write("evercert_none", "of the folder");
        CHECK(secret_source::credential("none")->read(20)->view() == "of the folder");
        folder.write("evercert_dns", "not this one");
        CHECK(secret_source::credential("dns")->read(20)->view() == "tok");
        for (const std::string bad : {"", ".", "..", "a/b"}) {
            CHECK(secret_source::credential(bad).error().code == errc::invalid_argument);
        }
    }
    const credentials_directory none(nullptr);
    const auto from = secret_source::credential("dns");
    REQUIRE_FALSE(from.has_value());
    CHECK(from.error().message.find("/etc/evercert/credentials") != std::string::npos);
}
