#include "daemon/control/explain.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

TEST_CASE("A standing DNS record that went missing is told, though the certificate is well") {
    lifecycle::certificate_status one = sample_status("shop.example");
    one.record_problem = "the standing record of shop.example for ca is missing";
    const explained_trouble told = explain(one, {}, one.live->not_before).troubles.at(0);
    CHECK(told.happened == one.record_problem);
    CHECK(told.mend.find("'evercert dns-record shop.example'") != std::string::npos);
}
