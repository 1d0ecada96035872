#include "core/base/text.hpp"
#include "daemon/control/cli.hpp"
#include "daemon/control/protocol.hpp"
#include "daemon/control/views.hpp"
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

finding found(finding_weight weight, std::string check, std::string seen) {
    return finding{.check = std::move(check),
                   .weight = weight,
                   .name = "one.test",
                   .looked_at = "what it is about",
                   .seen = std::move(seen),
                   .change = weight == finding_weight::good ? "" : "mend it"};
}

/// The exit code.
int diagnose(terminal& b, unsigned status, const std::string& body, bool json = false) {
    b.answer(status, body);
    auto options = command("diagnose", "example");
    options.json = json;
    return b.run(options);
}

} // namespace

TEST_CASE("a diagnosis comes back from JSON as it was, and another word is not understood") {
    const lifecycle::diagnosis made{"example",
                                    "letsencrypt",
                                    {found(finding_weight::trouble, "caa", "0 issue \"x\""),
                                     found(finding_weight::unsure, "reach", "timed out"),
                                     found(finding_weight::good, "clock", "it agrees")}};
    const std::string text = diagnosis_to_json(made);
    const auto back = diagnosis_from_json(text);
    REQUIRE(back);
    CHECK(back->certificate == made.certificate);
    CHECK(back->issuer == made.issuer);
    CHECK(back->findings == made.findings);
    std::string other = text;
    other.replace(other.find("unsure"), 6, "hardly");
    CHECK(diagnosis_from_json(other).error().code == errc::protocol);
    CHECK(!diagnosis_from_json("{\"schema\":1}"));
}

TEST_CASE("people see what hinders first, and nothing that moves their cursor") {
    const std::string text = diagnosis_view(
        {"example",
         "letsencrypt",
         {found(finding_weight::good, "clock", "it agrees"), found(finding_weight::unsure, "reach", "silent"),
          found(finding_weight::trouble, "caa", "\x1b[2Jbad")}},
        0);
    CAPTURE(text);
    CHECK(text.find("1 in trouble, 1 unsure, 1 good") != std::string::npos);
    CHECK(text.find("one.test: caa") < text.find("one.test: reach"));
    CHECK(text.find("one.test: reach") < text.find("one.test: clock"));
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(diagnosis_view({"example", "ca", {found(finding_weight::good, "clock", "it agrees")}}, 0)
              .find("nothing that a CA would refuse; 1 good, 0 unsure") != std::string::npos);
}

TEST_CASE("the exit code of a diagnosis says whether a CA would refuse") {
    const std::string well = diagnosis_to_json({"example", "ca", {found(finding_weight::unsure, "a", "b")}});
    const std::string ill = diagnosis_to_json({"example", "ca", {found(finding_weight::trouble, "a", "b")}});
    terminal b;
    CHECK(diagnose(b, 200, well) == exit_done);
    CHECK(b.asked == std::vector<std::string>{"POST /v1/certificates/example/diagnose {}"});
    CHECK(diagnose(b, 200, ill) == exit_failed);
    CHECK(b.out.find("mend it") != std::string::npos);
    b.out.clear();
    CHECK(diagnose(b, 200, ill, true) == exit_failed);
    CHECK(b.out == ill + "\n");
    CHECK(diagnose(b, 404, error_to_json(error(errc::not_found, "no such"))) == exit_failed);
    CHECK(diagnose(b, 200, "garbage") == exit_failed);
}
