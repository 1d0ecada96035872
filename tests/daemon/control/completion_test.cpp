#include "daemon/control/completion.hpp"
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace evercert;
using namespace evercert::daemon;
using words = std::vector<std::string>;

namespace {

command_shape tree() {
    command_shape status{"status", "list them", {}, {}, {}};
    command_shape show{"show", "one", {}, {"NAME"}, {}};
    command_shape revoke{"revoke", "away with it", {{"--reason", "why", true}}, {"NAME"}, {}};
    command_shape check{"check", "a file", {}, {"FILE"}, {}};
    command_shape snippet{"snippet", "", {}, {"SERVER"}, {}};
    command_shape list{"list", "", {}, {}, {}};
    command_shape close{"deactivate", "", {{"--yes", "meant", false}}, {"ISSUER"}, {}};
    command_shape account{"account", "ours", {}, {}, {list, close}};
    return {"evercert",
            "",
            {{"--json", "JSON", false}, {"--config", "file", true}, {"--socket", "path", true}},
            {},
            {status, show, revoke, check, snippet, account}};
}

words completed(const words& line) {
    known_names known;
    known.certificates = [](const std::string&) { return words{"a.example", "b.example"}; };
    known.issuers = [] { return words{"corp", "letsencrypt"}; };
    words out;
    for (const candidate& one : complete(tree(), line, known)) {
        out.push_back(one.word);
    }
    return out;
}

} // namespace

TEST_CASE("what can stand where somebody presses TAB") {
    struct row {
        words line;
        words there;
    };
    const std::vector<row> rows = {
        {{}, {"status", "show", "revoke", "check", "snippet", "account"}},
        {{""}, {"status", "show", "revoke", "check", "snippet", "account"}},
        {{"s"}, {"status", "show", "snippet"}},
        {{"zzz"}, {}},
        {{"status", ""}, {}},
        {{"show", ""}, {"a.example", "b.example"}},
        {{"show", "b"}, {"b.example"}},
        {{"show", "a.example", ""}, {}},
        {{"--json", "show", ""}, {"a.example", "b.example"}},
        {{"--config", "x.yaml", "sho"}, {"show"}},
        {{"--config", ""}, {":files"}},
        {{"show", "--config", "/etc/e"}, {":files"}},
        {{"revoke", "--reason", "key"}, {"keyCompromise"}},
        {{"revoke", "--reason", "superseded", "a"}, {"a.example"}},
        {{"revoke", "--"}, {"--reason", "--json", "--config", "--socket"}},
        {{"revoke", "--", "a"}, {"a.example"}},
        {{"revoke", "--", "-"}, {}},
        {{"-"}, {"--json", "--config", "--socket"}},
        {{"check", ""}, {":files"}},
        {{"snippet", "n"}, {"nginx"}},
        {{"account", ""}, {"list", "deactivate"}},
        {{"account", "deactivate", "l"}, {"letsencrypt"}},
        {{"account", "deactivate", "--y"}, {"--yes"}},
        {{"account", "nothing", ""}, {}},
        {{"nonsense", "", ""}, {}},
        {{"--unknown", "sta"}, {"status"}},
    };
    for (const row& r : rows) {
        CAPTURE(fmt::format("{}", fmt::join(r.line, " ")));
        CHECK(completed(r.line) == r.there);
    }
}

namespace {

std::string answered(testing::terminal& at, const words& line) {
    auto request = [&](const std::string& socket, http_request r) -> result<http_response> {
        at.sockets.push_back(socket);
        at.asked.push_back(r.url);
        CHECK(r.deadline <= seconds(2));
        if (at.answers.empty()) {
            return fail(errc::not_found, "nobody there");
        }
        auto next = at.answers.front();
        at.answers.pop_front();
        return next;
    };
    cli_world world{request, at.time,
                    {},      [&](std::string_view text) { at.out += text; },
                    {},      "/nonexistent/evercert.yaml",
                    0};
    cli_options options;
    options.command = "complete";
    options.words = line;
    CHECK(run_complete(options, world, tree()) == exit_done);
    return at.out;
}

std::string page(const words& names) {
    certificate_page all;
    for (const std::string& name : names) {
        all.certificates.emplace_back().name = name;
    }
    return page_to_json(all);
}

} // namespace

TEST_CASE("the daemon is asked for names, and its silence is an answer too") {
    testing::terminal at;
    CHECK(answered(at, {"show", ""}).empty());
    CHECK(at.err.empty());
    CHECK(at.asked == words{"/v1/certificates"});

    testing::terminal with;
    with.answer(200, page({"a.example", "b.example"}));
    CHECK(answered(with, {"--socket", "/run/x.sock", "show", ""}) == "a.example\nb.example\n");

    // What is typed is the whole of one name and the beginning of another.
    testing::terminal longer;
    longer.answer(200, page({"a-2", "b"}));
    longer.answer(200, "{}");
    CHECK(answered(longer, {"show", "a"}) == "a\na-2\n");
    CHECK(longer.asked == words{"/v1/certificates?after=a", "/v1/certificates/a"});

    testing::terminal odd;
    odd.answer(200, "\x01 not JSON");
    CHECK(answered(odd, {"show", ""}).empty());
    testing::terminal refused;
    refused.answer(403, "{}");
    CHECK(answered(refused, {"show", "../x"}).empty());
    CHECK(refused.asked == words{"/v1/certificates"});
}

TEST_CASE("issuers are those of the configuration, or the built-in ones") {
    testing::terminal at;
    const std::string out = answered(at, {"account", "deactivate", "letsencrypt"});
    CHECK(out == "letsencrypt\nletsencrypt-staging\n");
    CHECK(at.asked.empty());
}

TEST_CASE("shells are told what a word is, behind a tab") {
    testing::terminal at;
    CHECK(answered(at, {"sta"}) == "status\tlist them\n");
}
