// New orders of one issuer wait for each other, so that a crash loses one at most.
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

/// Keeps order URLs on a slow disk and looks how many the CA has made that are not kept yet.
awaitable<result<void>> keep_slowly(acme_fixture* f, std::size_t* most_unkept, std::string url) {
    *most_unkept = std::max(*most_unkept, f->ca.orders.size() - f->stored_orders.size());
    const auto disk = f->time.make_timer();
    co_await disk->wait_until(f->time.steady_now() + seconds(1));
    *most_unkept = std::max(*most_unkept, f->ca.orders.size() - f->stored_orders.size());
    f->stored_orders.push_back(std::move(url));
    co_return result<void>();
}

/// Issues `count` certificates at the same time.
std::vector<outcome<issued>> issue_together(acme_fixture& f, std::size_t count,
                                            std::size_t* most_unkept = nullptr) {
    std::vector<outcome<issued>> all;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = "n" + std::to_string(i) + ".example.com";
        auto request = f.request_for(names({name.c_str()}));
        if (most_unkept != nullptr) {
            request.on_order = [&f, most_unkept](accepted_order order) {
                return keep_slowly(&f, most_unkept, std::move(order.url));
            };
        }
        asio::co_spawn(f.loop, f.acme->issue(std::move(request)),
                       [&all](std::exception_ptr failed, outcome<issued> got) {
                           REQUIRE_FALSE(failed);
                           all.push_back(std::move(got));
                       });
    }
    REQUIRE(f.time.run_until([&] { return all.size() == count; }, std::chrono::hours(3)));
    return all;
}

} // namespace

TEST_CASE("the CA has at most one order whose URL is not durable") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.latency = milliseconds(20);
    std::size_t most_unkept = 0;
    for (const auto& got : issue_together(f, 8, &most_unkept)) {
        CHECK(got);
    }
    CHECK(f.ca.orders.size() == 8);
    CHECK(most_unkept == 1);
}

TEST_CASE("who waited behind a new order that the CA did not answer does not run into it again") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.latency = milliseconds(20);
    f.ca.before = [](const ca_request& request) -> std::optional<result<http_response>> {
        if (request.path == "/new-order") {
            return result<http_response>(fail(errc::timed_out, "no answer"));
        }
        return std::nullopt;
    };
    for (const auto& got : issue_together(f, 8)) {
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::new_order);
        CHECK(got.error().cause.code == errc::timed_out);
    }
    CHECK(f.ca.count("POST /new-order") == 1);
    f.ca.before = nullptr;
    CHECK(issue_together(f, 2).front()); // it answers again, and is asked again
}

TEST_CASE("a new order that is refused for its names does not hold up the others") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.latency = milliseconds(20);
    f.ca.before = [](const ca_request& request) -> std::optional<result<http_response>> {
        if (request.path == "/new-order" && request.payload.find("n0.example.com") != std::string::npos) {
            return scripted_ca::problem(400, "rejectedIdentifier");
        }
        return std::nullopt;
    };
    std::size_t good = 0;
    for (const auto& got : issue_together(f, 4)) {
        good += got ? 1U : 0U;
    }
    CHECK(good == 3);
}
