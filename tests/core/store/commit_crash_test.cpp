// The commit protocol under crashes and failing disks: whatever happens at whichever call, what is live
// afterwards is the old set or the new set, whole, and a second run gets through.
#include "core/store/repository.hpp"
#include "tests/core/store/sample.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::job_record;
using storage::repository;

namespace {

/// What lifecycle does with an issued certificate, as far as files go.
result<unsigned> commit(store& files, const sample& set) {
    repository repo(files);
    auto staged = repo.stage("example", set.chain, set.key);
    if (!staged) {
        return fail(staged.error());
    }
    job_record job = repo.load_job("example").value_or(std::nullopt).value_or(job_record());
    job.order_url.clear();
    job.deploying = staged->number;
    if (auto saved = repo.save_job("example", job); !saved) {
        return fail(saved.error());
    }
    if (auto dropped = repo.drop_pending_key("example"); !dropped) {
        return fail(dropped.error());
    }
    if (auto live = repo.make_live("example", staged->number); !live) {
        return fail(live.error());
    }
    job.deploying = 0;
    job.deployed = set.leaf().fingerprint();
    if (auto saved = repo.save_job("example", job); !saved) {
        return fail(saved.error());
    }
    if (auto pruned = repo.prune("example", 2); !pruned) {
        return fail(pruned.error());
    }
    return staged->number;
}

/// A store that has the first sample live and an order for the second under way.
memory_store::image before() {
    memory_store files;
    repository repo(files);
    REQUIRE(commit(files, samples()[0]).has_value());
    REQUIRE(commit(files, samples()[0]).has_value());
    REQUIRE(repo.save_pending_key("example", samples()[1].key).has_value());
    job_record job;
    job.order_url = "https://ca.example/order/2";
    REQUIRE(repo.save_job("example", job).has_value());
    return files.snapshot();
}

enum class state { older, newer };

state check_whole(store& files) {
    repository repo(files);
    auto found = repo.look("example");
    CHECK(found.trouble.empty());
    REQUIRE(found.live.has_value());
    for (unsigned number : found.versions) {
        CHECK(repo.load("example", number).has_value());
    }
    bool garbled = false;
    CHECK(repo.load_job("example", &garbled).has_value());
    CHECK(!garbled);
    auto key = repo.load_key("example", found.live->number);
    REQUIRE(key.has_value());
    CHECK(key->public_digest() == found.live->leaf().public_digest());
    if (found.live->leaf().fingerprint() == samples()[0].leaf().fingerprint()) {
        return state::older;
    }
    CHECK(found.live->leaf().fingerprint() == samples()[1].leaf().fingerprint());
    return state::newer;
}

} // namespace

TEST_CASE("a crash after any call leaves the old set or the new set") {
    memory_store files(before());
    files.record();
    REQUIRE(commit(files, samples()[1]).has_value());
    auto history = files.history();
    REQUIRE(history.size() == 7); // the start, stage, job, pending key, link, job, prune
    state last = state::older;
    unsigned switched = 0;
    for (const auto& disk : history) {
        memory_store after(disk);
        state now = check_whole(after);
        if (now != last) {
            ++switched;
        }
        last = now;
        // The order's key is durable somewhere until its certificate is.
        repository repo(after);
        bool pending = repo.load_pending_key("example").value().has_value();
        bool staged = repo.look("example").versions.back() == 3;
        CHECK((pending || staged));
        // Going on from there works.
        REQUIRE(commit(after, samples()[1]).has_value());
        CHECK(check_whole(after) == state::newer);
    }
    CHECK(switched == 1);
    CHECK(last == state::newer);
}

TEST_CASE("a failure of any call, seen or half done, leaves the old set or the new set") {
    memory_store probe(before());
    REQUIRE(commit(probe, samples()[1]).has_value());
    const unsigned calls = probe.mutations();
    REQUIRE(calls == 6);
    for (bool applied : {false, true}) {
        for (errc code : {errc::io, errc::no_space}) {
            for (unsigned nth = 1; nth <= calls; ++nth) {
                CAPTURE(applied, nth);
                memory_store files(before());
                files.fail_call(nth, code, applied);
                auto outcome = commit(files, samples()[1]);
                REQUIRE(!outcome.has_value());
                CHECK(outcome.error().code == code);
                state now = check_whole(files);
                if (!applied || nth != 4) {
                    CHECK(now == (nth <= 4 ? state::older : state::newer));
                }
                REQUIRE(commit(files, samples()[1]).has_value());
                CHECK(check_whole(files) == state::newer);
            }
        }
    }
}

TEST_CASE("a disk that stays full keeps the old set") {
    for (unsigned nth = 1; nth <= 4; ++nth) {
        memory_store files(before());
        files.fail_from(nth);
        for (int tries = 0; tries < 3; ++tries) {
            auto outcome = commit(files, samples()[1]);
            REQUIRE(!outcome.has_value());
            CHECK(outcome.error().code == errc::no_space);
            CHECK(check_whole(files) == state::older);
        }
        files.heal();
        REQUIRE(commit(files, samples()[1]).has_value());
        CHECK(check_whole(files) == state::newer);
    }
}

TEST_CASE("retiring an account loses no key at any call") {
    memory_store files;
    repository repo(files);
    REQUIRE(repo.save_account_key("le", samples()[0].key).has_value());
    REQUIRE(repo.save_account("le", storage::account_record()).has_value());
    const std::string key = files.read("accounts/le/account.key").value().value();
    auto start = files.snapshot();
    files.record();
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(files.history().size() == 5);
    for (const auto& disk : files.history()) {
        bool kept = false;
        for (const auto& [path, file] : disk.files) {
            kept = kept || file.contents == key;
        }
        CHECK(kept);
    }
    for (unsigned nth = 1; nth <= 4; ++nth) {
        memory_store failing(start);
        failing.fail_call(nth);
        repository again(failing);
        CHECK(!again.retire_account("le").has_value());
        CHECK(again.retire_account("le").has_value());
        CHECK(!again.load_account_key("le").value().has_value());
    }
}
