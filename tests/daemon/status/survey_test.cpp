#include "daemon/status/survey.hpp"
#include "tests/daemon/status/crowd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

using namespace evercert;
using namespace evercert::daemon::status;
using namespace evercert::testing;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

/// A name, days until it expires (0: it has no certificate), and days until the next action (0: none).
survey of(std::vector<std::tuple<std::string, int, int>> what) {
    survey out;
    out.made = now;
    for (const auto& [name, days_left, days_to_next] : what) {
        lifecycle::certificate_status one = sample_status(name);
        one.live->not_before = now + std::chrono::days(days_left) - std::chrono::days(90);
        one.live->not_after = now + std::chrono::days(days_left);
        one.next_run = now + std::chrono::days(days_to_next);
        if (days_left == 0) {
            one.live.reset();
        }
        if (days_to_next == 0) {
            one.next_run.reset();
        }
        out.add(one);
    }
    return out;
}

std::string names(const survey& from, const chosen_rows& chosen) {
    std::string out;
    for (const std::uint32_t at : chosen.rows) {
        out += from.rows.at(at).name;
    }
    return out;
}

std::string sorted(const survey& from, order by, std::size_t page = 1, std::size_t size = 10) {
    query what;
    what.sort = by;
    what.page = page;
    return names(from, choose(from, what, size));
}

} // namespace

TEST_CASE("survey: sorted by what was asked, and by name where that is the same") {
    const survey some = of({{"a", 50, 20}, {"b", -1, 3}, {"c", 0, 0}, {"d", 50, 20}, {"e", 5, 1}});
    CHECK(sorted(some, order::name) == "abcde");
    CHECK(sorted(some, order::expiry) == "cbead");
    CHECK(sorted(some, order::next) == "ebadc");
    CHECK(sorted(some, order::state) == "becad");
    CHECK(some.count(group::attention) == 2);
    CHECK(some.count(group::working) == 1);
    CHECK(some.count(group::well) == 2);
    CHECK(some.next_renewal == now + std::chrono::days(20));
    const auto worst = worst_of(some, 1);
    REQUIRE(worst.size() == 1);
    CHECK(some.rows[worst.front()].name == "b");
}

TEST_CASE("survey: pages hold what the whole order would") {
    std::vector<std::tuple<std::string, int, int>> many;
    for (int i = 0; i < 26; ++i) {
        many.emplace_back(std::string(1, static_cast<char>('a' + i)), 1 + i * 7 % 26, 1);
    }
    const survey some = of(many);
    const std::string whole = sorted(some, order::expiry, 1, 26);
    CHECK(whole.size() == 26);
    for (const std::size_t size : {1U, 3U, 5U, 13U, 25U, 26U, 200U}) {
        std::string joined;
        const std::size_t pages = (26 + size - 1) / size;
        for (std::size_t page = 1; page <= pages; ++page) {
            joined += sorted(some, order::expiry, page, size);
        }
        CHECK(joined == whole);
    }
    // Beyond the last is the last; of nothing there is one empty page.
    CHECK(sorted(some, order::expiry, 1'000'000'000, 25) == whole.substr(25));
    const chosen_rows none = choose(of({}), query(), 10);
    CHECK(none.rows.empty());
    CHECK(none.pages == 1);
    CHECK(none.page == 1);
}

TEST_CASE("survey: a search looks at names and issuers, without case") {
    lifecycle::certificate_status one = sample_status("shop");
    one.names = {"Shop.example.com", "192.0.2.1"};
    CHECK(matches(one, ""));
    CHECK(matches(one, "shop"));
    CHECK(matches(one, "example.c"));
    CHECK(matches(one, "192.0"));
    CHECK(matches(one, "encrypt"));
    CHECK(!matches(one, "mail"));
}

namespace {

class counting_engine : public crowd_engine {
public:
    using crowd_engine::crowd_engine;
    [[nodiscard]] std::vector<lifecycle::certificate_status> list(std::string_view after,
                                                                  std::size_t most) const override {
        ++listed;
        largest = std::max(largest, most);
        return crowd_engine::list(after, most);
    }
    mutable std::size_t listed = 0;
    mutable std::size_t largest = 0;
};

awaitable<void> look_into(surveyor& with, std::string search, std::shared_ptr<const survey>& into) {
    into = co_await with.look(std::move(search));
}

} // namespace

TEST_CASE("surveyor: walks in small steps, between which others have their turn") {
    asio::io_context loop;
    fake_time time(loop);
    counting_engine engine(1001, time.now(), true);
    surveyor looks(loop.get_executor(), engine, time);
    std::shared_ptr<const survey> all;
    std::shared_ptr<const survey> some;
    asio::co_spawn(loop, look_into(looks, "", all), asio::detached);
    asio::co_spawn(loop, look_into(looks, "mail-0001", some), asio::detached);
    std::size_t others = 0;
    while (loop.poll_one() > 0) {
        others += all ? 0 : 1;
    }
    time.run_ready();
    REQUIRE(all);
    REQUIRE(some);
    CHECK(others > 5);
    CHECK(engine.largest <= 200);
    CHECK(all->all == 1001);
    CHECK(all->rows.size() == 1001);
    CHECK(some->all == 1001);
    CHECK(some->rows.size() == 1);
}

TEST_CASE("surveyor: a look that is given up does not keep others waiting") {
    asio::io_context loop;
    fake_time time(loop);
    counting_engine engine(1001, time.now(), true);
    surveyor looks(loop.get_executor(), engine, time);
    std::shared_ptr<const survey> first;
    std::shared_ptr<const survey> second;
    asio::cancellation_signal stop;
    auto ended = asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr&) {});
    asio::co_spawn(loop, look_into(looks, "", first), std::move(ended));
    asio::co_spawn(loop, look_into(looks, "", second), asio::detached);
    loop.poll_one();
    loop.poll_one();
    stop.emit(asio::cancellation_type::all);
    time.run_ready();
    CHECK(!first);
    REQUIRE(second);
    CHECK(second->all == 1001);
}
