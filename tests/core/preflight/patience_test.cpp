// The end of it: in time, whatever does not answer; and in the order of the names.
#include "tests/core/preflight/world.hpp"

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(world, "A hundred names are looked at within the patience") {
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) {
        names.push_back(fmt::format("n{}.one.test", i));
        dns.add(names.back(), dns_type::a, "127.0.0.1");
    }
    patience = seconds(10);
    const auto began = time.steady_now();
    const auto all = examine(names);
    CHECK(time.steady_now() - began < patience);
    CHECK(faults(all).empty());
    // The zone above was asked for once, or as often as looks began at the same moment.
    CHECK(std::count(dns.asked.begin(), dns.asked.end(), "CAA one.test") <= 32);
    std::size_t last = 0;
    for (const finding& f : all) {
        if (!f.name.empty()) {
            const auto place =
                static_cast<std::size_t>(std::find(names.begin(), names.end(), f.name) - names.begin());
            CHECK(place >= last);
            last = place;
        }
    }
}

TEST_CASE_METHOD(world, "What does not answer is said to be unsure, and the end comes in time") {
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) {
        names.push_back(fmt::format("n{}.one.test", i));
        dns.unheard.insert(names.back());
    }
    names.emplace_back("one.test");
    patience = milliseconds(400);
    const auto began = time.steady_now();
    const auto all = examine(names);
    CHECK(time.steady_now() - began < seconds(3));
    for (const auto& name : names) {
        CHECK(std::count_if(all.begin(), all.end(), [&](const finding& f) {
                  return f.name == name && f.weight == finding_weight::unsure &&
                         holds(f.seen, "not finished within 400ms");
              }) == 2);
    }
    CHECK(std::none_of(all.begin(), all.end(),
                       [](const finding& f) { return f.weight == finding_weight::trouble; }));
    CHECK(all.front().name.empty()); // the clock was looked at
}

TEST_CASE_METHOD(world, "What is put up is taken down when the patience ends, and troubles come first") {
    staged_solver by("http-01");
    by.hangs = true;
    answers = {&by};
    patience = milliseconds(300);
    dns.caa("one.test", "issue", "other.test");
    const auto all = examine();
    INFO(text_of(all));
    CHECK(by.cleaned.size() == 1);
    REQUIRE(all.size() >= 3);
    std::vector<finding> of_name;
    std::copy_if(all.begin(), all.end(), std::back_inserter(of_name),
                 [](const finding& f) { return !f.name.empty(); });
    CHECK(of_name.front().check == "caa");
    CHECK(std::any_of(of_name.begin(), of_name.end(),
                      [](const finding& f) { return f.check == "reach" && holds(f.seen, "not finished"); }));
}

TEST_CASE_METHOD(
    world, "The clock is compared with the CA's, past caches, and the CA's absence is no clock's fault") {
    struct row {
        std::string title;
        std::function<void()> stage;
        std::string check; ///< empty: all is well
        finding_weight weight;
        std::string words;
    };
    const auto unsure = finding_weight::unsure;
    const auto trouble = finding_weight::trouble;
    const std::vector<row> rows = {
        {"a little off", [&] { time.shift = std::chrono::minutes(4); }, "", unsure, ""},
        {"ahead", [&] { time.shift = std::chrono::hours(3); }, "clock", trouble, "ahead of the CA's"},
        {"behind", [&] { time.shift = -std::chrono::hours(3); }, "clock", trouble, "behind the CA's"},
        {"an answer from a cache", [&] { ca.age = 7200; }, "", unsure, ""},
        {"expired, as it seems", [&] { ca.failure = error(errc::tls, "certificate has expired"); }, "clock",
         unsure, "believes that it is 20"},
        {"not trusted", [&] { ca.failure = error(errc::tls, "self-signed certificate"); }, "issuer", trouble,
         "trust"},
        {"away", [&] { ca.failure = error(errc::network, "no route"); }, "issuer", trouble, "no route"},
        {"slow", [&] { ca.failure = error(errc::timed_out, "no answer"); }, "issuer", unsure, "no answer"},
        {"broken", [&] { ca.status = 503; }, "issuer", unsure, "503"},
    };
    where.trust = "/etc/evercert/root.pem";
    for (const row& each : rows) {
        INFO(each.title);
        time.shift = milliseconds(0);
        ca.failure.reset();
        ca.age = 0;
        ca.status = 200;
        each.stage();
        const auto found = faults(examine());
        INFO(text_of(found));
        REQUIRE(found.size() == (each.check.empty() ? 0 : 1));
        if (!each.check.empty()) {
            CHECK(found[0].check == each.check);
            CHECK(found[0].weight == each.weight);
            CHECK(found[0].name.empty());
            CHECK(holds(found[0].seen + found[0].change, each.words));
        }
    }
    CHECK(trusts == std::vector<std::string>(rows.size(), where.trust));
    CHECK(ca.asked.back() == where.directory);
}

TEST_CASE_METHOD(world, "A clock that agreed a moment ago is not compared for each order, but for a person") {
    const auto looks = make();
    ca.age = 1;
    (void)run(loop, looks->examine(request({"one.test"})));
    (void)run(loop, looks->examine(request({"one.test"})));
    CHECK(ca.asked.size() == 1);
    with_records = true;
    (void)run(loop, looks->examine(request({"one.test"})));
    CHECK(ca.asked.size() == 2);
    time.shift = std::chrono::hours(3); // what was trouble is looked at again
    (void)run(loop, looks->examine(request({"one.test"})));
    with_records = false;
    where.directory = "https://other.test/directory";
    (void)run(loop, looks->examine(request({"one.test"})));
    (void)run(loop, looks->examine(request({"one.test"})));
    CHECK(ca.asked.size() == 5);
}
