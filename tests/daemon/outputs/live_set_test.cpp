#include "daemon/outputs/held_store.hpp"
#include "daemon/outputs/live_set.hpp"
#include "tests/daemon/outputs/sets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <filesystem>

using namespace evercert;
using namespace evercert::testing;
namespace fs = std::filesystem;

namespace {

struct fixture {
    fixture() {
        wanted.name = "example";
        wanted.names = names_of({"example.com"});
    }
    result<storage::stored_version> look(wall_time now = set_now) {
        auto files = daemon::open_held_store(base / "data");
        return daemon::read_live_set(*files.value(), wanted, now);
    }
    error trouble(wall_time now = set_now) {
        const auto found = look(now);
        REQUIRE(!found);
        INFO(found.error().text());
        CHECK(found.error().message.contains("example"));
        return found.error();
    }
    /// A file of the first version.
    [[nodiscard]] std::string file(const std::string& name) const {
        return base / ("data/certificates/example/versions/0001/" + name);
    }
    temp_folder base;
    managed_certificate wanted;
};

} // namespace

TEST_CASE_METHOD(fixture, "the live set is read with all its pairs") {
    put_live(base / "data", {make_pair_of(key_type::rsa_2048), make_pair_of(key_type::ecdsa_p256)});
    const auto found = look();
    REQUIRE(found);
    CHECK(found->number == 1);
    REQUIRE(found->pairs.size() == 2);
    CHECK(found->pairs[0].key.type() == key_type::rsa_2048);
    CHECK(found->pairs[1].chain.size() == 3);
}

TEST_CASE_METHOD(fixture, "a set that is not what is wanted is refused, and it is said why") {
    const auto planted = [&](const storage::key_pair& pair) { put_live(base / "data", {pair}); };
    const std::vector<std::string> one{"example.com"};

    SECTION("other names") {
        planted(make_pair_of(key_type::ecdsa_p256, {"evil.example"}));
        CHECK(trouble().code == errc::refused);
        CHECK(trouble().text().contains("names"));
    }
    SECTION("a name more") {
        planted(make_pair_of(key_type::ecdsa_p256, {"example.com", "evil.example"}));
        CHECK(trouble().text().contains("evil.example"));
    }
    SECTION("expired") {
        planted(make_pair_of(key_type::ecdsa_p256));
        CHECK(look(set_end - std::chrono::seconds(1)));
        CHECK(trouble(set_end).code == errc::out_of_time);
    }
    SECTION("of tomorrow") {
        planted(make_pair_of(key_type::ecdsa_p256));
        CHECK(look(set_start - std::chrono::hours(24)));
        CHECK(trouble(set_start - std::chrono::hours(25)).code == errc::out_of_time);
    }
    SECTION("a CA") {
        planted(make_pair_of(key_type::ecdsa_p256, one, set_start, set_end, mischief::is_ca));
        CHECK(trouble().code == errc::refused);
    }
    SECTION("somebody else's chain") {
        planted(make_pair_of(key_type::ecdsa_p256, one, set_start, set_end, mischief::broken_link));
        CHECK(trouble().code == errc::refused);
    }
    SECTION("a certificate that has issued nothing of it") {
        planted(make_pair_of(key_type::ecdsa_p256, one, set_start, set_end, mischief::unrelated_top));
        CHECK(trouble().code == errc::refused);
    }
    SECTION("the key of another") {
        planted(make_pair_of(key_type::ecdsa_p256));
        const auto other = make_pair_of(key_type::ecdsa_p256);
        fs::remove(file("privkey.pem"));
        base.write("data/certificates/example/versions/0001/privkey.pem", other.key.to_pem().view());
        CHECK(trouble().code == errc::corrupted);
    }
    SECTION("a link in place of the key") {
        planted(make_pair_of(key_type::ecdsa_p256));
        fs::rename(file("privkey.pem"), base / "elsewhere");
        fs::create_symlink(base / "elsewhere", file("privkey.pem"));
        CHECK(trouble().text().contains("privkey.pem"));
    }
    SECTION("a live link that leads elsewhere") {
        planted(make_pair_of(key_type::ecdsa_p256));
        fs::remove(base / "data/live/example");
        fs::create_directory_symlink("/etc", base / "data/live/example");
        CHECK(trouble().code == errc::corrupted);
    }
    SECTION("a folder in place of the live link") {
        planted(make_pair_of(key_type::ecdsa_p256));
        fs::remove(base / "data/live/example");
        fs::create_directory(base / "data/live/example");
        CHECK(trouble().code == errc::corrupted);
    }
    SECTION("no live version") {
        planted(make_pair_of(key_type::ecdsa_p256));
        fs::remove(base / "data/live/example");
        CHECK(trouble().code == errc::not_found);
    }
    SECTION("a name that is a path") {
        planted(make_pair_of(key_type::ecdsa_p256));
        wanted.name = "../example";
        CHECK(trouble().code == errc::invalid_argument);
    }
}
