// Turns, batches, cancelling and what is remembered, on a clock that the test moves.
#include "tests/solvers/dns01/exec_fixture.hpp"
#include "tests/support/temp_folder.hpp"

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;

namespace {

using words = std::vector<std::string>;

/// Whom the runs were for, in their order: the argument at `index`.
words argument(const scripted_runner& runner, std::size_t index) {
    words all;
    for (const auto& request : runner.seen) {
        all.push_back(request.argv.at(index));
    }
    return all;
}

} // namespace

TEST_CASE_METHOD(scripted_hooks, "Who wants to be told where CNAMEs lead", "[dns01exec]") {
    for (const auto& [convention, wants] :
         std::vector<std::pair<hook_convention, bool>>{{hook_convention::lego, true},
                                                       {hook_convention::lego_raw, false},
                                                       {hook_convention::certbot, false},
                                                       {hook_convention::dehydrated, false},
                                                       {hook_convention::acme_sh, true}}) {
        make(hook(convention, "/dns_x.sh"));
        CHECK(provider->wants_target() == wants);
    }
}

TEST_CASE_METHOD(scripted_hooks, "A run gets its deadline, its limit and its environment in order",
                 "[dns01exec]") {
    temp_folder folder;
    auto settings = hook(hook_convention::certbot);
    settings.environment_files = {folder.write("a", "A=file\nB=file\nCERTBOT_DOMAIN=evil\n"),
                                  folder.write("b", "B='second'\n")};
    settings.environment = {{"A", "settings"}};
    settings.deadline = seconds(7);
    settings.output_limit = 99;
    make(settings);
    auto one = add(txt("a.example", "v"));
    time.advance(seconds(1));
    CHECK(one->ok());
    REQUIRE(runner.seen.size() == 1);
    const auto& request = runner.seen[0];
    CHECK(request.deadline == seconds(7));
    CHECK(request.output_limit == 99);
    CHECK(request.stderr_apart);
    CHECK(variable(request, "A") == "settings");
    CHECK(variable(request, "B") == "second");
    CHECK(variable(request, "CERTBOT_DOMAIN") == "a.example");
    // Read each time: a new password needs no restart.
    folder.write("b", "B=third\n");
    auto two = add(txt("b.example", "v"));
    time.advance(seconds(1));
    CHECK(variable(runner.seen.at(1), "B") == "third");
    folder.write("b", "B third\n");
    auto three = add(txt("c.example", "v"));
    time.advance(seconds(1));
    CHECK(three->why().code == errc::parse);
    CHECK(three->why().message.find("was not run") != std::string::npos);
    CHECK(runner.seen.size() == 2);
}

TEST_CASE_METHOD(scripted_hooks, "One at a time in the order of coming, or all at once", "[dns01exec]") {
    runner.takes = seconds(5);
    auto settings = hook(hook_convention::lego);
    make(settings);
    std::vector<call> calls;
    for (const char* name : {"a.example", "b.example", "c.example"}) {
        calls.push_back(add(txt(name, "v")));
    }
    calls.push_back(remove(txt("a.example", "v")));
    time.run_ready();
    CHECK(runner.running == 1);
    time.advance(seconds(11));
    CHECK(calls[1]->ok());
    CHECK(!calls[2]->ended());
    time.advance(seconds(9));
    CHECK(calls[3]->ok());
    CHECK(runner.most == 1);
    CHECK(argument(runner, 1) == words{"present", "present", "present", "cleanup"});
    CHECK(argument(runner, 2) == words{"_acme-challenge.a.example.", "_acme-challenge.b.example.",
                                       "_acme-challenge.c.example.", "_acme-challenge.a.example."});

    settings.one_at_a_time = false;
    make(settings);
    auto x = add(txt("x.example", "v"));
    auto y = add(txt("y.example", "v"));
    time.run_ready();
    CHECK(runner.running == 2);
    time.advance(seconds(5));
    CHECK((x->ok() && y->ok()));
}

TEST_CASE_METHOD(scripted_hooks, "Cancelling a waiting or a working call leaves the line right",
                 "[dns01exec]") {
    runner.takes = seconds(5);
    make(hook(hook_convention::lego));
    std::vector<call> calls;
    for (const char* name : {"a.example", "b.example", "c.example", "d.example"}) {
        calls.push_back(add(txt(name, "v")));
    }
    time.run_ready();
    calls[1]->cancel(); // waits
    time.run_ready();
    CHECK(calls[1]->cancelled);
    calls[0]->cancel(); // works
    time.run_ready();
    CHECK(calls[0]->cancelled);
    CHECK(runner.running == 1); // c has begun
    time.advance(seconds(10));
    CHECK(calls[2]->ok());
    CHECK(calls[3]->ok());
    CHECK(argument(runner, 2) ==
          words{"_acme-challenge.a.example.", "_acme-challenge.c.example.", "_acme-challenge.d.example."});
    // What was cancelled is taken away all the same.
    auto gone = remove(txt("a.example", "v"));
    time.advance(seconds(5));
    CHECK(gone->ok());
    CHECK(runner.seen.back().argv[1] == "cleanup");
}

TEST_CASE_METHOD(scripted_hooks, "A failing or missing program fails its call and nobody else's",
                 "[dns01exec]") {
    make(hook(hook_convention::lego));
    runner.answers.emplace_back(scripted_runner::bad(3, "no such zone"));
    runner.answers.emplace_back(fail(errc::not_found, "there is no program /hook"));
    auto a = add(txt("a.example", "v"));
    auto b = add(txt("b.example", "v"));
    auto c = add(txt("c.example", "v"));
    time.run_ready();
    CHECK(a->why().code == errc::refused);
    CHECK(a->why().foreign == "no such zone");
    CHECK(b->why().code == errc::not_found);
    CHECK(b->why().message.find("b.example") != std::string::npos);
    CHECK(c->ok());
    auto again = remove(txt("a.example", "v"));
    time.run_ready();
    CHECK(again->ok());
    CHECK(runner.seen.size() == 4);
}

TEST_CASE_METHOD(scripted_hooks, "Adding the same again is success without another run, until it is removed",
                 "[dns01exec]") {
    make(hook(hook_convention::dehydrated));
    auto one = add(txt("a.example", "v"));
    auto two = add(txt("a.example", "v"));
    auto other = add(txt("a.example", "w"));
    time.run_ready();
    CHECK((one->ok() && two->ok() && other->ok()));
    CHECK(runner.seen.size() == 2);
    auto gone = remove(txt("a.example", "v"));
    auto back = add(txt("a.example", "v"));
    time.run_ready();
    CHECK((gone->ok() && back->ok()));
    CHECK(runner.seen.size() == 4);
}

TEST_CASE_METHOD(scripted_hooks, "certbot hooks are told of those that come at about the same time",
                 "[dns01exec]") {
    auto settings = hook(hook_convention::certbot, "/auth");
    settings.cleanup = {"/cleanup"};
    make(settings);
    runner.takes = seconds(1);
    runner.answers.emplace_back(scripted_runner::good(" id-1 \n"));
    auto a = add(txt("a.example", "v"));
    time.advance(milliseconds(100));
    auto b = add(txt("b.example", "v"));
    time.advance(milliseconds(100));
    CHECK(runner.seen.empty()); // gathering
    time.advance(milliseconds(100));
    auto late = add(txt("late.example", "v"));
    time.advance(seconds(10));
    CHECK((a->ok() && b->ok() && late->ok()));
    CHECK(runner.most == 1);
    REQUIRE(runner.seen.size() == 3);
    CHECK(variable(runner.seen[0], "CERTBOT_REMAINING_CHALLENGES") == "1");
    CHECK(variable(runner.seen[0], "CERTBOT_ALL_DOMAINS") == "a.example,b.example");
    CHECK(variable(runner.seen[0], "CERTBOT_AUTH_OUTPUT") == "(unset)");
    CHECK(variable(runner.seen[1], "CERTBOT_REMAINING_CHALLENGES") == "0");
    CHECK(variable(runner.seen[2], "CERTBOT_REMAINING_CHALLENGES") == "0");
    CHECK(variable(runner.seen[2], "CERTBOT_ALL_DOMAINS") == "late.example");

    auto gone = remove(txt("a.example", "v"));
    time.advance(seconds(1));
    CHECK(gone->ok());
    CHECK(runner.seen[3].argv == words{"/cleanup"});
    CHECK(variable(runner.seen[3], "CERTBOT_AUTH_OUTPUT") == "id-1");
    CHECK(variable(runner.seen[3], "CERTBOT_REMAINING_CHALLENGES") == "1");
    CHECK(variable(runner.seen[3], "CERTBOT_ALL_DOMAINS") == "a.example,b.example");
    // Nothing is known of what another process added: still a whole environment.
    auto unknown = remove(txt("old.example", "v"));
    time.advance(seconds(1));
    CHECK(unknown->ok());
    CHECK(variable(runner.seen[4], "CERTBOT_AUTH_OUTPUT").empty());
    CHECK(variable(runner.seen[4], "CERTBOT_ALL_DOMAINS") == "old.example");
}

TEST_CASE_METHOD(scripted_hooks,
                 "What a failed auth hook printed reaches its cleanup hook; without one nothing runs",
                 "[dns01exec]") {
    auto settings = hook(hook_convention::certbot, "/auth");
    settings.cleanup = {"/cleanup"};
    make(settings);
    runner.answers.emplace_back(scripted_runner::bad(1, std::string("half\0done", 9)));
    auto a = add(txt("a.example", "v"));
    time.advance(seconds(1));
    CHECK(a->why().code == errc::refused);
    auto gone = remove(txt("a.example", "v"));
    time.advance(seconds(1));
    CHECK(gone->ok());
    CHECK(variable(runner.seen.at(1), "CERTBOT_AUTH_OUTPUT") == "halfdone");

    settings.cleanup.clear();
    make(settings);
    auto none = remove(txt("a.example", "v"));
    time.advance(seconds(1));
    CHECK(none->ok());
    CHECK(runner.seen.size() == 2);
}

namespace {

struct chained : scripted_hooks {
    chained() {
        auto settings = hook(hook_convention::dehydrated);
        settings.chain = true;
        settings.one_at_a_time = false; // a chain implies it
        make(settings);
        runner.takes = seconds(5);
    }
};

} // namespace

TEST_CASE_METHOD(chained, "A chain is one call with all that came within the gathering", "[dns01exec]") {
    auto a = add(txt("a.example", "1"));
    time.advance(milliseconds(200));
    auto b = add(txt("b.example", "2"));
    auto gone = remove(txt("z.example", "9"));
    auto c = add(txt("c.example", "3")); // behind a removal: not before it
    time.advance(seconds(6));
    CHECK((a->ok() && b->ok()));
    CHECK(!gone->ended());
    time.advance(seconds(20));
    CHECK((gone->ok() && c->ok()));
    REQUIRE(runner.seen.size() == 3);
    CHECK(runner.seen[0].argv ==
          words{"/hook", "deploy_challenge", "a.example", "tok-1", "1", "b.example", "tok-2", "2"});
    CHECK(runner.seen[1].argv == words{"/hook", "clean_challenge", "z.example", "tok-9", "9"});
    CHECK(runner.seen[2].argv == words{"/hook", "deploy_challenge", "c.example", "tok-3", "3"});
    CHECK(runner.most == 1);
}

TEST_CASE_METHOD(chained, "A domain is in a chain once: its wildcard's value comes in the next call",
                 "[dns01exec]") {
    auto a = add(txt("a.example", "1"));
    auto wild = add(txt("a.example", "2"));
    auto b = add(txt("b.example", "3"));
    time.advance(seconds(20));
    CHECK((a->ok() && wild->ok() && b->ok()));
    REQUIRE(runner.seen.size() == 2);
    CHECK(runner.seen[0].argv.size() == 8);
    CHECK(runner.seen[1].argv == words{"/hook", "deploy_challenge", "a.example", "tok-2", "2"});
}

TEST_CASE_METHOD(chained, "A chain fails for all of it", "[dns01exec]") {
    runner.answers.emplace_back(scripted_runner::bad(1, "no"));
    auto a = add(txt("a.example", "1"));
    auto b = add(txt("b.example", "2"));
    time.advance(seconds(10));
    CHECK(a->why().code == errc::refused);
    CHECK(b->why().code == errc::refused);
}

TEST_CASE_METHOD(chained, "When the one who leads a chain is cancelled, the others are called without it",
                 "[dns01exec]") {
    auto a = add(txt("a.example", "1"));
    auto b = add(txt("b.example", "2"));
    auto c = add(txt("c.example", "3"));
    time.advance(seconds(1));
    REQUIRE(runner.running == 1);
    a->cancel();
    time.run_ready();
    CHECK(a->cancelled);
    CHECK(runner.running == 1);
    time.advance(seconds(10));
    CHECK((b->ok() && c->ok()));
    REQUIRE(runner.seen.size() == 2);
    CHECK(runner.seen[1].argv ==
          words{"/hook", "deploy_challenge", "b.example", "tok-2", "2", "c.example", "tok-3", "3"});
}

TEST_CASE_METHOD(chained, "One of a chain that is cancelled on the way does not disturb it", "[dns01exec]") {
    auto a = add(txt("a.example", "1"));
    auto b = add(txt("b.example", "2"));
    auto c = add(txt("c.example", "3"));
    auto gathering = add(txt("d.example", "4"));
    time.advance(milliseconds(100));
    gathering->cancel();
    time.advance(seconds(1));
    b->cancel();
    time.run_ready();
    CHECK((b->cancelled && gathering->cancelled));
    auto gone = remove(txt("b.example", "2"));
    time.advance(seconds(15));
    CHECK((a->ok() && c->ok() && gone->ok()));
    REQUIRE(runner.seen.size() == 2);
    CHECK(runner.seen[0].argv.size() == 11);
    CHECK(runner.seen[1].argv[1] == "clean_challenge");
}

TEST_CASE_METHOD(chained, "A hundred triples make a call, the rest the next", "[dns01exec]") {
    std::vector<call> calls;
    for (int i = 0; i < 150; ++i) {
        calls.push_back(add(txt("n" + std::to_string(i) + ".example", "v")));
    }
    time.advance(seconds(30));
    for (const auto& each : calls) {
        CHECK(each->ok());
    }
    REQUIRE(runner.seen.size() == 2);
    CHECK(runner.seen[0].argv.size() == 2 + 300);
    CHECK(runner.seen[1].argv.size() == 2 + 150);
}
