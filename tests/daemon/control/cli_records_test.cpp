#include "daemon/control/cli.hpp"
#include "daemon/control/protocol.hpp"
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

TEST_CASE("dns-record prints lines for a zone file, what is said of them as comments") {
    terminal b;
    solvers::standing_report one;
    one.name = "example.com";
    one.wildcard = true;
    one.issuer = "ca";
    one.record = "_validation-persist.example.com";
    one.value = "ca.example; accounturi=https://ca.example/1; policy=wildcard";
    one.line = one.record + ". 3600 IN TXT \"" + one.value + "\"";
    one.state = "missing";
    one.problem = "ns1 (192.0.2.1:53) does not have the record yet";
    solvers::standing_report other;
    other.name = "www.example.com";
    other.issuer = "spare";
    other.state = "unknown";
    other.problem = "the CA\x1b[31m does not answer";
    b.answer(200, records_to_json({one, other}));
    CHECK(b.run(command("dns-record", "example")) == 0);
    CHECK(b.asked == std::vector<std::string>{"GET /v1/certificates/example/dns-records"});
    CHECK(
        b.out ==
        "; example.com and *.example.com at ca: MISSING: ns1 (192.0.2.1:53) does not have the record yet\n" +
            one.line +
            "\n\n; www.example.com at spare: it is not known what has to be there: the CA"
            "\\x1b[31m does not answer\n");

    b.out.clear();
    one.state = "good";
    one.problem.clear();
    one.until = b.time.now() + std::chrono::days(40);
    b.answer(200, records_to_json({one}));
    auto options = command("dns-record", "example");
    CHECK(b.run(options) == 0);
    CHECK(b.out.find("at ca: it is there, until ") != std::string::npos);
    CHECK(b.out.find("(in 40d)\n") != std::string::npos);

    b.out.clear();
    options.json = true;
    b.answer(200, records_to_json({one}));
    CHECK(b.run(options) == 0);
    CHECK(records_from_json(b.out).value().at(0) == one);

    b.out.clear();
    b.answer(200, records_to_json({}));
    CHECK(b.run(command("dns-record", "example")) == 0);
    CHECK(b.out ==
          "; nothing is to be published for example: none of its names is proven by dns-persist-01\n");
    CHECK(b.run(command("dns-record", "")) == 2);
}
