// Tokens as files of another server.
#include "solvers/http01/webroot_solver.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::solvers;
namespace fs = std::filesystem;

namespace {

template <class T>
T run(awaitable<T> work) {
    asio::io_context loop(1);
    std::optional<T> outcome;
    asio::co_spawn(loop, std::move(work), [&](std::exception_ptr e, T value) {
        if (e) {
            std::rethrow_exception(e);
        }
        outcome.emplace(std::move(value));
    });
    loop.run();
    return std::move(*outcome);
}

awaitable<bool> clean(solver& from, challenge_task task) {
    co_await from.clean_up(std::move(task));
    co_return true;
}

std::string read(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

challenge_task task(std::string token, std::string name = "a.example") {
    std::string answer = token + ".thumbprint";
    return {identifier{identifier::kind::dns, std::move(name)}, std::move(token), std::move(answer)};
}

struct bench {
    testing::temp_folder folder;
    worker_pool workers{0, worker_pool::inline_work::at_once};
    std::string root = folder.path();
    std::unique_ptr<solver> web = make_webroot_solver(root, workers);
    fs::path tokens = fs::path(root) / ".well-known/acme-challenge";
};

} // namespace

TEST_CASE("a token is put where the server finds it, and nothing is left behind") {
    bench b;
    const mode_t before = ::umask(077);
    REQUIRE(run(b.web->present(task("t1"))));
    ::umask(before);
    CHECK(b.web->challenge_type() == "http-01");
    CHECK(read(b.tokens / "t1") == "t1.thumbprint");
    struct stat info{};
    REQUIRE(::stat((b.tokens / "t1").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0644);
    REQUIRE(::stat(b.tokens.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0755);
    REQUIRE(run(b.web->present(task("t2"))));
    run(clean(*b.web, task("t1")));
    CHECK(!fs::exists(b.tokens / "t1"));
    CHECK(read(b.tokens / "t2") == "t2.thumbprint");
    run(clean(*b.web, task("t2")));
    CHECK(fs::is_empty(b.root));
    run(clean(*b.web, task("never")));
}

TEST_CASE("what others have there stays") {
    bench b;
    fs::create_directories(b.tokens);
    std::ofstream(b.tokens / "somebody-elses") << "x";
    std::ofstream(b.tokens / "t") << "of a daemon that died";
    REQUIRE(run(b.web->present(task("t"))));
    CHECK(read(b.tokens / "t") == "t.thumbprint");
    run(clean(*b.web, task("t")));
    CHECK(read(b.tokens / "somebody-elses") == "x");
    CHECK(std::distance(fs::directory_iterator(b.tokens), {}) == 1);
}

TEST_CASE("a token that two orders share lives until the second is done") {
    bench b;
    REQUIRE(run(b.web->present(task("t"))));
    REQUIRE(run(b.web->present(task("t"))));
    run(clean(*b.web, task("t")));
    CHECK(fs::exists(b.tokens / "t"));
    run(clean(*b.web, task("t")));
    CHECK(fs::is_empty(b.root));
}

TEST_CASE("a root for each name") {
    bench b;
    fs::create_directories(fs::path(b.root) / "a.example/html");
    const auto web = make_webroot_solver(b.root + "/{name}/html", b.workers);
    REQUIRE(run(web->present(task("t"))));
    CHECK(fs::exists(fs::path(b.root) / "a.example/html/.well-known/acme-challenge/t"));
    const auto missing = run(web->present(task("t", "b.example")));
    REQUIRE(!missing);
    CHECK(missing.error().message.find("b.example/html") != std::string::npos);
    CHECK(missing.error().message.find("has to be the folder that the web server serves") !=
          std::string::npos);
    CHECK(!fs::exists(fs::path(b.root) / "b.example"));
}

TEST_CASE("links below the root are not followed") {
    bench b;
    const testing::temp_folder elsewhere;
    SECTION("in place of a folder") {
        fs::create_directory_symlink(elsewhere.path(), fs::path(b.root) / ".well-known");
    }
    SECTION("in place of the second folder") {
        fs::create_directories(fs::path(b.root) / ".well-known");
        fs::create_directory_symlink(elsewhere.path(), b.tokens);
    }
    const auto refused = run(b.web->present(task("t")));
    REQUIRE(!refused);
    CHECK(refused.error().message.find("Symbolic links are not followed") != std::string::npos);
    run(clean(*b.web, task("t")));
    CHECK(fs::is_empty(elsewhere.path()));
}

TEST_CASE("a link in place of the token is replaced, and not written through") {
    bench b;
    const testing::temp_folder elsewhere;
    const fs::path target = fs::path(elsewhere.path()) / "precious";
    std::ofstream(target) << "precious";
    fs::create_directories(b.tokens);
    fs::create_symlink(target, b.tokens / "t");
    REQUIRE(run(b.web->present(task("t"))));
    CHECK(read(target) == "precious");
    CHECK(read(b.tokens / "t") == "t.thumbprint");
}

TEST_CASE("a folder that cannot be written to: the error says what to change") {
    bench b;
    const auto nowhere = make_webroot_solver("/proc/sys", b.workers);
    const auto refused = run(nowhere->present(task("t")));
    REQUIRE(!refused);
    CHECK(refused.error().message.find("/proc/sys") != std::string::npos);
}
