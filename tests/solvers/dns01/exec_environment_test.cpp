#include "solvers/dns01/exec_environment.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

using namespace evercert;
using namespace evercert::solvers;
using testing::temp_folder;

namespace {

using pairs = secret_environment::variables;

} // namespace

TEST_CASE("lines of environment files", "[dns01exec]") {
    struct row {
        std::string text;
        pairs expected;
    };
    const std::vector<row> rows = {
        {"", {}},
        {"A=b", {{"A", "b"}}},
        {"# note\n\n  A = b \r\nexport C=d\n", {{"C", "d"}}},
        {"A=b\nA=c\n", {{"A", "c"}}},
        {"A='b c'\nB=\"d e\"\n", {{"A", "b c"}, {"B", "d e"}}},
        {"A=\"q\\\" b\\\\ d\\$ t\\` n\\n\"", {{"A", "q\" b\\ d$ t` n\\n"}}},
        {"A='q\\'", {{"A", "q\\"}}},
        {"A=\nB=''\nC=\"\"", {{"A", ""}, {"B", ""}, {"C", ""}}},
        {"A=b=c#d $(id)", {{"A", "b=c#d $(id)"}}},
        {"A='it's'", {{"A", "it's"}}}, // as acme.sh writes it
        {"\tA_1=x\n", {{"A_1", "x"}}},
    };
    for (const auto& each : rows) {
        INFO(each.text);
        secret_environment got;
        CHECK(parse_environment(each.text, "f", line_rule::lenient, got).has_value());
        CHECK(got.all() == each.expected);
    }
}

TEST_CASE("a line that is none is named by number, never by content; or left out", "[dns01exec]") {
    for (const std::string line :
         {"hunter2", "=hunter2", "1A=hunter2", "A B=hunter2", "A='hunter2", "A=\"hunter2", "A='",
          "A-B=hunter2", "$(hunter2)=x", "if true; then hunter2", "A = b"}) {
        INFO(line);
        secret_environment got;
        const auto read = parse_environment("X=y\n" + line + "\n", "/etc/e", line_rule::strict, got);
        REQUIRE(!read.has_value());
        CHECK(read.error().code == errc::parse);
        CHECK(read.error().text().find("hunter2") == std::string::npos);
        CHECK(read.error().text().find("/etc/e:2") != std::string::npos);
    }
    secret_environment got;
    CHECK(!parse_environment(std::string("A=b\0c", 5), "f", line_rule::strict, got).has_value());
    CHECK(parse_environment("LOG=1\n. /x\nSAVED_T='v'\nfi\n", "f", line_rule::lenient, got).has_value());
    CHECK(got.all() == pairs{{"LOG", "1"}, {"SAVED_T", "v"}});
}

TEST_CASE("environment files are read in bounds", "[dns01exec]") {
    temp_folder folder;
    secret_environment got;
    CHECK(load_environment(folder.write("a", "A=b\n"), line_rule::strict, got).has_value());
    CHECK(got.all() == pairs{{"A", "b"}});
    const auto code = [&](const std::string& file) {
        const auto read = load_environment(file, line_rule::strict, got);
        INFO((read ? std::string() : read.error().text()));
        CHECK((read || read.error().message.find(file) != std::string::npos));
        return read ? errc::internal : read.error().code;
    };
    CHECK(code(folder / "none") == errc::not_found);
    CHECK(code(folder.path()) == errc::io);
    CHECK(code(folder.write("long", "A=" + std::string(64 * 1024, 'x'))) == errc::too_large);
    CHECK(
        load_environment(folder.write("full", "A=" + std::string(64 * 1024 - 2, 'x')), line_rule::strict, got)
            .has_value());
    CHECK(code("/dev/zero") == errc::io);
}

TEST_CASE("values are taken out of what a program printed", "[dns01exec]") {
    secret_environment secrets;
    secrets.set("LONG", "abcdef");
    secrets.set("SHORT", "1");
    CHECK(secrets.redacted("+ curl -H abcdef abcdefabcdef 1") == "+ curl -H [hidden] [hidden][hidden] 1");
    CHECK(secrets.redacted("") == "");
    CHECK(secrets.redacted("cut in abcde") == "cut in [hidden]");
    CHECK(secrets.redacted("cut in abc") == "cut in abc");
}
