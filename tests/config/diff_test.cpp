#include "config/diff.hpp"
#include "config/load.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::config;
using names = std::vector<std::string>;

namespace {

settings load(const std::string& certificates, const std::string& more = "") {
    auto loaded = load_text("agree_to_terms: true\n" + more + "certificates:\n" + certificates, "f");
    REQUIRE(loaded.has_value());
    return *loaded;
}

const std::string a = "  - {names: [a.example], deploy: [nginx]}\n";
const std::string b = "  - {names: [b.example], deploy: [apache]}\n";
const std::string c = "  - {names: [c.example], issuers: [letsencrypt-staging]}\n";

} // namespace

TEST_CASE("the same settings, or another order, change nothing") {
    const difference none = compare(load(a + b), load(a + b));
    CHECK((none.added.empty() && none.changed.empty() && none.removed.empty() && none.needs_restart.empty()));
    const difference order = compare(load(a + b), load(b + a));
    CHECK((order.added.empty() && order.changed.empty() && order.removed.empty()));
}

TEST_CASE("certificates come and go by name") {
    const difference d = compare(load(a + b), load(b + c));
    CHECK(d.added == names{"c.example"});
    CHECK(d.removed == names{"a.example"});
    CHECK(d.changed.empty());
}

TEST_CASE("a certificate changes with its own entry") {
    CHECK(compare(load(a + b), load("  - {names: [a.example, www.a.example], deploy: [nginx]}\n" + b))
              .changed == names{"a.example"});
    CHECK(compare(load(a + b), load("  - {names: [a.example], keys: [rsa-2048], deploy: [nginx]}\n" + b))
              .changed == names{"a.example"});
    const difference renamed = compare(load(a), load("  - {names: [a.example], name: x, deploy: [nginx]}\n"));
    CHECK(renamed.added == names{"x"});
    CHECK(renamed.removed == names{"a.example"});
}

TEST_CASE("a certificate changes with what it refers to, and only with that") {
    CHECK(compare(load(a + b), load(a + b, "deployments: {nginx: {timeout: 31s}}\n")).changed ==
          names{"a.example"});
    CHECK(
        compare(load(a + c), load(a + c, "issuers: {letsencrypt-staging: {preferred_chain: x}}\n")).changed ==
        names{"c.example"});
    CHECK(compare(load(a + b), load(a + b, "challenges: {http: {type: http-01, listen: \"0.0.0.0:80\"}}\n"))
              .changed == names{"a.example", "b.example"});
    CHECK(compare(load(a), load(a, "challenges: {other: {type: http-01}}\n")).changed.empty());
    CHECK(compare(load(a), load(a, "defaults: {keys: [rsa-4096]}\n")).changed == names{"a.example"});
}

TEST_CASE("what only a restart can apply is named") {
    CHECK(compare(load(a), load(a, "data_dir: /x\n")).needs_restart == names{"data_dir", "control.socket"});
    CHECK(compare(load(a, "control: {group: root}\n"), load(a, "control: {group: daemon}\n")).needs_restart ==
          names{"control.group"});
    CHECK(compare(load(a), load(a, "log: {format: json}\n")).needs_restart.empty());
    CHECK(compare(load(a), load(a, "log: {level: debug}\n")).needs_restart.empty());
}
