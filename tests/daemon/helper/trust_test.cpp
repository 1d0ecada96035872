// Owners, modes and links on the way to a file. Most of it needs to be root.
#include "daemon/helper/trust.hpp"
#include "daemon/helper/trusted_settings.hpp"
#include "daemon/helper/trusting_runner.hpp"
#include "tests/daemon/helper/trusted_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <sys/stat.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
namespace fs = std::filesystem;

namespace {

std::string trouble(const std::string& path) {
    const auto outcome = check_trusted(path);
    return outcome ? "" : outcome.error().text();
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class counting_runner final : public process_runner {
public:
    awaitable<result<process_outcome>> run(process_request request) override {
        ++ran;
        program = request.argv.front();
        process_outcome fine;
        fine.exit_code = 0;
        co_return fine;
    }
    int ran = 0;
    std::string program;
};

} // namespace

TEST_CASE("The system's own programs are trusted, through its links too") {
    CHECK(trouble("/usr/bin/env").empty());
    CHECK(trouble("/bin/sh").empty());
    CHECK(trouble("/usr/../usr/./bin//env").empty());
}

TEST_CASE("Only whole paths to files that exist") {
    CHECK(check_trusted("bin/sh").error().code == errc::invalid_argument);
    CHECK(check_trusted("").error().code == errc::invalid_argument);
    CHECK(check_trusted("/nonexistent/x").error().code == errc::not_found);
    CHECK(check_trusted("/usr/bin/env/x").error().code != errc::internal);
    CHECK_FALSE(check_trusted("/usr/bin/env/.."));
    CHECK(check_trusted("/usr/bin").error().code == errc::refused);
    CHECK(check_trusted("/").error().code == errc::refused);
    CHECK(check_trusted("/dev/null").error().code == errc::refused);
}

TEST_CASE("A file in a sticky folder for all is not trusted") {
    const temp_folder base; // below /tmp
    const std::string file = base.write("hook", "#!/bin/sh\n");
    ::chmod(file.c_str(), 0755);
    const std::string said = trouble(file);
    CHECK(has(said, "has mode 1777"));
    CHECK(has(said, "Mend: move the file"));
}

TEST_CASE("What others own or can write is named, with the mend") {
    const trusted_folder base;
    if (!base) {
        return;
    }
    fs::create_directory(base / "d");
    const std::string file = base.write("d/hook", "#!/bin/sh\n", 0755);
    REQUIRE(trouble(file).empty());

    SECTION("the file's group") {
        ::chmod(file.c_str(), 0775);
        CHECK(has(trouble(file), "d/hook belongs to root (uid 0) and has mode 0775"));
        CHECK(has(trouble(file), "Mend: chmod go-w " + file));
    }
    SECTION("others") {
        ::chmod(file.c_str(), 0757);
        CHECK(has(trouble(file), "chmod go-w"));
    }
    SECTION("its owner") {
        REQUIRE(::chown(file.c_str(), 4242, 0) == 0);
        CHECK(has(trouble(file), "belongs to uid 4242"));
        CHECK(has(trouble(file), "Mend: chown root: " + file));
    }
    SECTION("both") {
        REQUIRE(::chown(file.c_str(), 4242, 0) == 0);
        ::chmod(file.c_str(), 0777);
        CHECK(has(trouble(file), "chown root: " + file + " && chmod go-w " + file));
    }
    SECTION("the folder") {
        ::chmod((base / "d").c_str(), 0777);
        CHECK(trouble(file).ends_with("Mend: chmod go-w " + (base / "d")));
        CHECK(has(trouble(file), (base / "d") + " belongs to root"));
    }
    SECTION("the folder above") {
        REQUIRE(::chown((base / "").c_str(), 4242, 0) == 0);
        CHECK(has(trouble(file), "chown root: " + base.path()));
    }
}

TEST_CASE("Links are followed step by step") {
    const trusted_folder base;
    if (!base) {
        return;
    }
    fs::create_directory(base / "good");
    fs::create_directory(base / "bad");
    base.write("good/hook", "#!/bin/sh\n", 0755);
    base.write("bad/hook", "#!/bin/sh\n", 0755);
    ::chmod((base / "bad").c_str(), 0777);

    fs::create_symlink("good/hook", base / "relative");
    CHECK(trouble(base / "relative").empty());
    fs::create_symlink(base / "good", base / "folder");
    CHECK(trouble(base / "folder/hook").empty());
    fs::create_symlink("bad/../good/hook", base / "past");
    CHECK(has(trouble(base / "past"), "/bad belongs to root"));
    fs::create_symlink("bad/hook", base / "to-bad");
    CHECK(has(trouble(base / "to-bad"), "chmod go-w " + (base / "bad")));
    fs::create_symlink("loop", base / "loop");
    CHECK(has(trouble(base / "loop"), "too many symbolic links"));
    fs::create_symlink("nowhere", base / "dangling");
    CHECK(check_trusted(base / "dangling").error().code == errc::not_found);
    REQUIRE(::lchown((base / "relative").c_str(), 4242, 4242) == 0);
    CHECK(has(trouble(base / "relative"), "chown -h root:"));
}

TEST_CASE("A program that is not trusted is not run, and that is said") {
    const trusted_folder base;
    if (!base) {
        return;
    }
    const std::string hook = base.write("hook", "#!/bin/sh\n", 0755);
    counting_runner inner;
    recorded_events events;
    auto find = [](const std::string& name) -> result<std::string> {
        if (name == "env") {
            return "/usr/bin/env";
        }
        return name.starts_with('/') ? result<std::string>(name) : fail(errc::not_found, "no " + name);
    };
    const auto runner = make_trusting_runner(inner, find, events);
    auto run = [&](std::vector<std::string> argv) {
        asio::io_context loop;
        result<process_outcome> out = fail(errc::internal, "nothing");
        asio::co_spawn(loop, runner->run(process_request(std::move(argv))),
                       [&](const std::exception_ptr&, result<process_outcome> o) { out = std::move(o); });
        loop.run();
        return out;
    };
    CHECK(run({hook, "x"}));
    CHECK(inner.program == hook);
    CHECK(run({"env"}));
    CHECK(inner.program == "/usr/bin/env");
    CHECK(inner.ran == 2);
    ::chmod(hook.c_str(), 0777);
    CHECK(run({hook}).error().code == errc::refused);
    CHECK(run({"nginx"}).error().code == errc::not_found);
    CHECK_FALSE(run({}));
    CHECK(inner.ran == 2);
    REQUIRE(events.count("deploy.refused") == 1);
    CHECK(has(events.all.front().message, hook));
}

TEST_CASE("The configuration is read again when it is another, and only while it is trusted") {
    const trusted_folder base;
    if (!base) {
        return;
    }
    auto text = [](const std::string& name) {
        return "email: a@example.com\nagree_to_terms: true\ncertificates:\n  - {names: [" + name + "]}\n";
    };
    recorded_events events;
    int changes = 0;
    const std::string file = base.write("evercert.yaml", text("one.example"), 0644);
    trusted_settings settings(file, events, [&](const config::settings&) { ++changes; });
    REQUIRE(settings.current());
    REQUIRE(settings.current());
    CHECK(changes == 1);
    CHECK(settings.find("one.example"));
    CHECK_FALSE(settings.find("two.example"));

    base.write("evercert.yaml", text("two.example") + "# longer\n", 0644);
    REQUIRE(settings.current());
    CHECK(changes == 2);
    CHECK(settings.find("two.example"));
    CHECK_FALSE(settings.find("one.example"));

    // Mistakes do not replace what is in force ...
    base.write("evercert.yaml", "nonsense: true\n", 0644);
    REQUIRE(settings.current());
    REQUIRE(settings.current());
    CHECK(settings.find("two.example"));
    CHECK(events.count("config.refused") == 1);
    // ... and distrust does.
    ::chmod(file.c_str(), 0664);
    CHECK(settings.current().error().code == errc::refused);
    ::chmod(file.c_str(), 0644);
    CHECK(settings.current());
    fs::remove(file);
    CHECK(settings.current().error().code == errc::not_found);

    trusted_settings broken(base.write("other.yaml", "nonsense: true\n", 0644), events,
                            [](const config::settings&) {});
    const auto none = broken.current();
    REQUIRE_FALSE(none);
    CHECK(has(none.error().text(), "other.yaml:1:1: certificates"));
}
