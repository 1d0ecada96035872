// The commit protocol under crashes and failing disks: whatever happens at whichever call, what is live
// afterwards is the old set or the new set, whole, and a second run gets through.
#include "core/store/repository.hpp"
#include "tests/core/store/sample.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::testing;
using storage::job_record;
using storage::repository;

namespace {

using pairs = std::vector<storage::key_pair>;

/// The old and the new set of one or of two key types.
const pairs& set_of(std::size_t which, bool two) {
    static const pairs all[2][2] = {{{samples()[0]}, {samples()[0], rsa_samples()[0]}},
                                    {{samples()[1]}, {samples()[1], rsa_samples()[1]}}};
    return all[which][two ? 1 : 0];
}

/// What lifecycle does with an issued certificate, as far as files go.
result<unsigned> commit(store& files, const pairs& set) {
    repository repo(files);
    auto staged = repo.stage("example", set);
    if (!staged) {
        return fail(staged.error());
    }
    job_record job = repo.load_job("example").value_or(std::nullopt).value_or(job_record());
    job.orders.clear();
    job.deploying = staged->number;
    if (auto saved = repo.save_job("example", job); !saved) {
        return fail(saved.error());
    }
    if (auto dropped = repo.drop_pending_keys("example"); !dropped) {
        return fail(dropped.error());
    }
    if (auto live = repo.make_live("example", staged->number); !live) {
        return fail(live.error());
    }
    job.deploying = 0;
    job.live = facts_of(*staged);
    if (auto saved = repo.save_job("example", job); !saved) {
        return fail(saved.error());
    }
    if (auto pruned = repo.prune("example", 2); !pruned) {
        return fail(pruned.error());
    }
    return staged->number;
}

/// A store that has the old set live and orders for the new one under way.
memory_store::image before(bool two) {
    memory_store files;
    repository repo(files);
    REQUIRE(commit(files, set_of(0, two)).has_value());
    REQUIRE(commit(files, set_of(0, two)).has_value());
    job_record job;
    for (const storage::key_pair& pair : set_of(1, two)) {
        REQUIRE(repo.save_pending_key("example", pair.key).has_value());
        storage::order_record& order = job.orders.emplace_back();
        order.key = pair.key.type();
        order.url = "https://ca.example/order/2";
    }
    REQUIRE(repo.save_job("example", job).has_value());
    return files.snapshot();
}

enum class state { older, newer };

state check_whole(store& files, bool two) {
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
    // All pairs are of one of the sets: never a mix.
    for (std::size_t which : {0U, 1U}) {
        const pairs& set = set_of(which, two);
        if (found.live->leaf().fingerprint() == leaf_of(set.front()).fingerprint()) {
            REQUIRE(found.live->pairs.size() == set.size());
            for (std::size_t i = 0; i < set.size(); ++i) {
                CHECK(leaf_of(found.live->pairs[i]).fingerprint() == leaf_of(set[i]).fingerprint());
                CHECK(found.live->pairs[i].key.public_digest() == set[i].key.public_digest());
            }
            return which == 0 ? state::older : state::newer;
        }
    }
    FAIL("what is live is neither the old set nor the new one");
    return state::older;
}

} // namespace

TEST_CASE("a crash after any call leaves the old set or the new set") {
    const bool two = GENERATE(false, true);
    memory_store files(before(two));
    files.record();
    REQUIRE(commit(files, set_of(1, two)).has_value());
    auto history = files.history();
    REQUIRE(history.size() == (two ? 8 : 7)); // the start, stage, job, pending keys, link, job, prune
    state last = state::older;
    unsigned switched = 0;
    for (const auto& disk : history) {
        memory_store after(disk);
        state now = check_whole(after, two);
        if (now != last) {
            ++switched;
        }
        last = now;
        // The orders' keys are durable somewhere until their certificates are.
        repository repo(after);
        bool pending = true;
        for (const storage::key_pair& pair : set_of(1, two)) {
            pending = pending && repo.load_pending_key("example", pair.key.type()).value().has_value();
        }
        bool staged = repo.look("example").versions.back() == 3;
        CHECK((pending || staged));
        // Going on from there works.
        REQUIRE(commit(after, set_of(1, two)).has_value());
        CHECK(check_whole(after, two) == state::newer);
    }
    CHECK(switched == 1);
    CHECK(last == state::newer);
}

TEST_CASE("a failure of any call, seen or half done, leaves the old set or the new set") {
    const bool two = GENERATE(false, true);
    memory_store probe(before(two));
    const unsigned begun = probe.mutations();
    REQUIRE(commit(probe, set_of(1, two)).has_value());
    const unsigned calls = probe.mutations() - begun;
    REQUIRE(calls == (two ? 7 : 6));
    const unsigned link = two ? 5 : 4;
    for (bool applied : {false, true}) {
        for (errc code : {errc::io, errc::no_space}) {
            for (unsigned nth = 1; nth <= calls; ++nth) {
                CAPTURE(applied, nth);
                memory_store files(before(two));
                files.fail_call(nth, code, applied);
                auto outcome = commit(files, set_of(1, two));
                REQUIRE(!outcome.has_value());
                CHECK(outcome.error().code == code);
                state now = check_whole(files, two);
                if (!applied || nth != link) {
                    CHECK(now == (nth <= link ? state::older : state::newer));
                }
                REQUIRE(commit(files, set_of(1, two)).has_value());
                CHECK(check_whole(files, two) == state::newer);
            }
        }
    }
}

TEST_CASE("a disk that stays full keeps the old set") {
    for (unsigned nth = 1; nth <= 4; ++nth) {
        memory_store files(before(false));
        files.fail_from(nth);
        for (int tries = 0; tries < 3; ++tries) {
            auto outcome = commit(files, set_of(1, false));
            REQUIRE(!outcome.has_value());
            CHECK(outcome.error().code == errc::no_space);
            CHECK(check_whole(files, false) == state::older);
        }
        files.heal();
        REQUIRE(commit(files, set_of(1, false)).has_value());
        CHECK(check_whole(files, false) == state::newer);
    }
}

namespace {

/// Whether a file on that disk has these contents.
bool holds(const memory_store::image& disk, const std::string& contents) {
    return std::ranges::any_of(disk.files,
                               [&](const auto& entry) { return entry.second.contents == contents; });
}

} // namespace

TEST_CASE("retiring an account loses no key at any call") {
    memory_store files;
    repository repo(files);
    REQUIRE(repo.save_account_key("le", samples()[0].key).has_value());
    REQUIRE(repo.save_next_account_key("le", samples()[1].key).has_value());
    REQUIRE(repo.save_account("le", storage::account_record()).has_value());
    const std::string key = files.read("accounts/le/account.key").value().value();
    const std::string next = files.read("accounts/le/account.next.key").value().value();
    auto start = files.snapshot();
    files.record();
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(files.history().size() == 7);
    for (const auto& disk : files.history()) {
        CHECK(holds(disk, key));
        CHECK(holds(disk, next));
    }
    for (unsigned nth = 1; nth <= 6; ++nth) {
        memory_store failing(start);
        failing.fail_call(nth);
        repository again(failing);
        CHECK(!again.retire_account("le").has_value());
        CHECK(again.retire_account("le").has_value());
        CHECK(!again.load_account_key("le").value().has_value());
        CHECK(!again.load_next_account_key("le").value().has_value());
    }
}

TEST_CASE("changing the account key loses neither key at any call, and repeating it finishes it") {
    memory_store files;
    repository repo(files);
    REQUIRE(repo.save_account_key("le", samples()[0].key).has_value());
    const std::string old_key = files.read("accounts/le/account.key").value().value();
    REQUIRE(repo.save_next_account_key("le", samples()[1].key).has_value());
    const std::string new_key = files.read("accounts/le/account.next.key").value().value();
    const auto start = files.snapshot();
    files.record();
    REQUIRE(repo.promote_next_account_key("le").has_value());
    const auto end = files.snapshot();
    const auto history = files.history();
    REQUIRE(history.size() == 4); // the start, the copy of the old key, the new key, the next key gone
    for (std::size_t i = 0; i < history.size(); ++i) {
        CAPTURE(i);
        CHECK(holds(history[i], old_key));
        CHECK(holds(history[i], new_key));
        memory_store crashed(history[i]);
        repository again(crashed);
        // There is an account key at any moment, the old one or the new one.
        const auto present = again.load_account_key("le").value().value();
        CHECK(present.public_digest() == samples()[i < 2 ? 0 : 1].key.public_digest());
        const auto repeated = again.promote_next_account_key("le");
        CHECK(repeated.has_value() == (i < 3));
        CHECK(crashed.snapshot() == end);
    }
    for (bool applied : {false, true}) {
        for (unsigned nth = 1; nth <= 3; ++nth) {
            CAPTURE(applied, nth);
            memory_store failing(start);
            failing.fail_call(nth, errc::no_space, applied);
            repository again(failing);
            CHECK(again.promote_next_account_key("le").error().code == errc::no_space);
            CHECK(holds(failing.snapshot(), old_key));
            CHECK(holds(failing.snapshot(), new_key));
            const auto repeated = again.promote_next_account_key("le");
            CHECK(repeated.has_value() == !(applied && nth == 3));
            CHECK(failing.snapshot() == end);
        }
    }
    // After a power cut the next key may be there again: that the change is done already is seen.
    memory_store cut(end);
    cut.put("accounts/le/account.next.key", new_key);
    CHECK(repository(cut).promote_next_account_key("le").has_value());
    CHECK(cut.snapshot() == end);
}
