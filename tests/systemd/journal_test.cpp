#include "systemd/journal.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

using namespace evercert;

TEST_CASE("An event becomes native journal fields") {
    event what;
    what.id = "cert.issued";
    what.level = severity::warning;
    what.certificate = "example";
    what.message = "issued,\nbut late";
    what.fields = {{"serial", "0a1b"}, {"not-after", "x"}, {"_pid", "1"}, {"message", "fake"}, {"", "y"}};
    const std::vector<std::string> expected{"MESSAGE=issued,\nbut late",
                                            "PRIORITY=4",
                                            "SYSLOG_IDENTIFIER=evercertd",
                                            "EVENT_ID=cert.issued",
                                            "CERTIFICATE=example",
                                            "SERIAL=0a1b",
                                            "NOT_AFTER=x",
                                            "FIELD__PID=1",
                                            "FIELD_MESSAGE=fake",
                                            "FIELD_=y"};
    CHECK(systemd::journal_fields(what, "evercertd") == expected);
}

TEST_CASE("An entry is bounded whatever an event carries") {
    event what;
    what.id = "acme.order_created";
    what.message = std::string(100'000, 'm');
    for (int i = 0; i < 100; ++i) {
        what.fields.emplace_back(fmt::format("field{}", i), std::string(10'000, 'v'));
    }
    const auto fields = systemd::journal_fields(what, "evercertd");
    CHECK(fields.size() == 4 + 32);
    CHECK(fields.front().size() == 8 + 16 * 1024);
    CHECK(fields.back().size() == 8 + 4 * 1024);
    what.message = std::string(16 * 1024 - 1, 'm') + "\u00fc";
    CHECK(systemd::journal_fields(what, "evercertd").front().size() == 8 + 16 * 1024 - 1);
}

TEST_CASE("Priorities follow syslog and an event without certificate has no such field") {
    event what;
    what.id = "daemon.ready";
    what.message = "m";
    const auto line = [&](severity level) {
        what.level = level;
        return systemd::journal_fields(what, "e").at(1);
    };
    CHECK(line(severity::debug) == "PRIORITY=7");
    CHECK(line(severity::info) == "PRIORITY=6");
    CHECK(line(severity::error) == "PRIORITY=3");
    CHECK(systemd::journal_fields(what, "e").size() == 4);
}

TEST_CASE("Standard error is the journal only if device and inode agree") {
    ::unsetenv("JOURNAL_STREAM");
    CHECK_FALSE(systemd::journal_stream());

    struct stat facts{};
    REQUIRE(::fstat(STDERR_FILENO, &facts) == 0);
    const auto set = [](const std::string& value) { ::setenv("JOURNAL_STREAM", value.c_str(), 1); };
    set(fmt::format("{}:{}", facts.st_dev, facts.st_ino));
    CHECK(systemd::journal_stream());
    set(fmt::format("{}:{}", facts.st_dev, facts.st_ino + 1));
    CHECK_FALSE(systemd::journal_stream());
    set(fmt::format("{}:{}x", facts.st_dev, facts.st_ino));
    CHECK_FALSE(systemd::journal_stream());
    set("garbage");
    CHECK_FALSE(systemd::journal_stream());
    ::unsetenv("JOURNAL_STREAM");
}
