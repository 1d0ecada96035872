#include "core/store/repository.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_store.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::repository;

namespace {

struct fixture {
    memory_store files;
    repository repo{files};
    std::string path = "history/example.jsonl";

    std::vector<std::string> lines() { return repo.read_history("example").value(); }
    std::string text() { return files.read(path, 100 * repository::history_limit).value().value(); }
};

std::string line(int number, std::size_t size = 0) {
    return "{\"n\":" + std::to_string(number) + ",\"pad\":\"" + std::string(size, 'p') + "\"}";
}

} // namespace

TEST_CASE_METHOD(fixture, "history comes back line by line, oldest first") {
    CHECK(lines().empty());
    REQUIRE(repo.append_history("example", "{\"a\":1}\n").has_value());
    REQUIRE(repo.append_history("example", "{\"a\":2}\n{\"a\":3}").has_value());
    REQUIRE(repo.append_history("example", "").has_value());
    REQUIRE(repo.append_history("example", "{\"a\":4}").has_value());
    CHECK(text() == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n");
    CHECK(lines() == std::vector<std::string>{"{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"a\":4}"});
    CHECK(files.snapshot().files[path].mode == 0600);
    CHECK(repo.append_history("..", "x").error().code == errc::invalid_argument);
    CHECK(repo.read_history("a/b").error().code == errc::invalid_argument);
}

TEST_CASE_METHOD(fixture, "a line torn by a crash is left out and spoils no other") {
    const std::string whole = "{\"a\":1}\n{\"a\":2}\n";
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        CAPTURE(length);
        files.put(path, whole.substr(0, length));
        const auto before = lines();
        CHECK(before.size() == (length < 7 ? 0U : length < 15 ? 1U : 2U));
        REQUIRE(repo.append_history("example", "{\"a\":3}\n").has_value());
        auto after = lines();
        REQUIRE(after.size() == before.size() + 1);
        CHECK(after.back() == "{\"a\":3}");
    }
    // What a power cut leaves of a file's end on some file systems.
    files.put(path, "{\"a\":1}\n" + std::string(4096, '\0'));
    REQUIRE(repo.append_history("example", "{\"a\":3}\n").has_value());
    CHECK(lines() == std::vector<std::string>{"{\"a\":1}", "{\"a\":3}"});
}

TEST_CASE_METHOD(fixture, "what does not parse is left out") {
    files.put(path, "\n\n[1]\nnull\n\"x\"\n{\"a\":1}\ngarbage\n{\"a\":1,\"a\":2}\n{}\n" +
                        std::string(100'000, '[') + "\n\xff\xfe\n{\"a\":5}\n");
    CHECK(lines() == std::vector<std::string>{"{\"a\":1}", "{}", "{\"a\":5}"});
}

TEST_CASE_METHOD(fixture, "the older half goes when there is too much, at the end of a line") {
    int number = 0;
    std::size_t longest = 0;
    unsigned cuts = 0;
    std::size_t last = 0;
    while (cuts < 5) {
        REQUIRE(
            repo.append_history("example", line(number, static_cast<std::size_t>(number % 300))).has_value());
        ++number;
        const std::size_t size = text().size();
        longest = std::max(longest, size);
        if (size < last) {
            ++cuts;
            CHECK(size > repository::history_limit / 2 - 400);
            CHECK(size <= repository::history_limit / 2);
        }
        last = size;
        // Whole lines, without a gap, up to the newest.
        if (cuts > 0 && size < repository::history_limit / 2 + 1000) {
            const auto kept = lines();
            CHECK(text().ends_with(kept.back() + "\n"));
            int expected = number - static_cast<int>(kept.size());
            for (const std::string& each : kept) {
                REQUIRE(each.starts_with("{\"n\":" + std::to_string(expected++) + ","));
            }
        }
    }
    CHECK(longest <= repository::history_limit);
    CHECK(files.mutations() == static_cast<unsigned>(number) + cuts);
}

TEST_CASE_METHOD(fixture,
                 "a monster of a line does not cost the line itself, unless it is too long for all") {
    const std::size_t limit = repository::history_limit;
    REQUIRE(repo.append_history("example", line(1, limit / 2)).has_value());
    REQUIRE(repo.append_history("example", line(2, limit / 2 + 100)).has_value());
    CHECK(lines() == std::vector<std::string>{line(2, limit / 2 + 100)});
    REQUIRE(repo.append_history("example", line(3)).has_value());
    CHECK(lines().size() == 2);
    REQUIRE(repo.append_history("example", line(4, limit)).has_value());
    CHECK(lines().empty());
    REQUIRE(repo.append_history("example", line(5)).has_value());
    CHECK(lines() == std::vector<std::string>{line(5)});
    // Grown by somebody else beyond what is read.
    files.put(path, std::string(20 * limit, 'x'));
    CHECK(repo.read_history("example").error().code == errc::too_large);
    REQUIRE(repo.append_history("example", line(6)).has_value());
    CHECK(lines() == std::vector<std::string>{line(6)});
}

TEST_CASE_METHOD(fixture, "a line counts as written when only the cutting failed") {
    files.put(path, std::string(repository::history_limit / 2, '\n') +
                        std::string(repository::history_limit / 2, '\n'));
    files.fail_call(2);
    REQUIRE(repo.append_history("example", line(1)).has_value());
    CHECK(text().size() > repository::history_limit);
    CHECK(lines() == std::vector<std::string>{line(1)});
    REQUIRE(repo.append_history("example", line(2)).has_value());
    CHECK(text().size() <= repository::history_limit / 2);
    CHECK(lines() == std::vector<std::string>{line(1), line(2)});
    files.fail_call(1);
    CHECK(repo.append_history("example", line(3)).error().code == errc::io);
    CHECK(lines().size() == 2);
}
