#include "daemon/control/explain.hpp"
#include "daemon/outputs/trouble.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/catch.hpp"

#include <cerrno>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

TEST_CASE("Outputs that cannot be written name the file and the mend") {
    const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);
    lifecycle::certificate_status one = sample_status("shop.example");
    one.where = lifecycle::state::failing;
    one.outputs.emplace_back();
    one.deploy.clear();
    one.deployed = false;
    one.deploy_failures = 1;
    one.deploy_problem =
        output_error(EROFS, "cannot write /etc/ssl/shop/privkey.pem", "/etc/ssl/shop", "evercertd").text();
    const explained_trouble told = explain(one, {}, now).troubles.at(0);
    CHECK(told.subject == "writing its outputs");
    CHECK(told.happened == "cannot write /etc/ssl/shop/privkey.pem: Read-only file system");
    CHECK(told.mend.find("add ReadWritePaths=/etc/ssl/shop to evercertd.service") != std::string::npos);
}
