#include "config/diff.hpp"
#include "config/load.hpp"
#include "tests/support/catch.hpp"

#include <memory>
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
    CHECK(to_text(d) == "1 added, 0 changed, 1 removed");
}

TEST_CASE("what else a reload changes is said") {
    difference d = compare(load(a), load(a, "notify: [{command: [/bin/tell]}]\ndata_dir: /srv/elsewhere\n"));
    d.needs_restart.emplace_back("more");
    CHECK(to_text(d) == "0 added, 0 changed, 0 removed; notifications changed; only a restart applies: "
                        "data_dir, control.socket, more");
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

TEST_CASE("a certificate changes with each part of its policy") {
    const std::string corp = "issuers: {corp: {directory: \"https://c/d\"}}\n";
    const auto entry = [&](const std::string& own) {
        return load("  - {names: [a.example]" + own + "}\n" + b, corp);
    };
    const settings before = entry(", issuers: [letsencrypt, corp], keys: [rsa-2048, ecdsa-p256]");
    CHECK(compare(before, before).changed.empty());
    CHECK(compare(before, entry(", keys: [rsa-2048, ecdsa-p256], issuers: [letsencrypt, corp]"))
              .changed.empty());
    for (const char* own :
         {", issuers: [corp, letsencrypt], keys: [rsa-2048, ecdsa-p256]", ", keys: [rsa-2048, ecdsa-p256]",
          ", issuers: [letsencrypt, corp], keys: [ecdsa-p256, rsa-2048]", ", issuers: [letsencrypt, corp]",
          ", issuers: [letsencrypt, corp], keys: [rsa-2048, ecdsa-p256], reuse_key: true",
          ", issuers: [letsencrypt, corp], keys: [rsa-2048, ecdsa-p256], profile: x",
          ", issuers: [letsencrypt, corp], keys: [rsa-2048, ecdsa-p256], deploy: [nginx]"}) {
        CAPTURE(own);
        CHECK(compare(before, entry(own)).changed == names{"a.example"});
        CHECK(compare(entry(own), before).changed == names{"a.example"});
    }
}

TEST_CASE("a certificate changes with any of its issuers") {
    const std::string two = "  - {names: [a.example], issuers: [letsencrypt, corp]}\n";
    const std::string corp = "issuers: {corp: {directory: \"https://c/d\"";
    const settings before = load(two + b + c, corp + "}}\n");
    for (const char* more :
         {", ari: false", ", profile: x", ", limits: {requests: 5/1s}", ", email: a@b.example"}) {
        CAPTURE(more);
        CHECK(compare(before, load(two + b + c, corp + more + "}}\n")).changed == names{"a.example"});
    }
    CHECK(compare(before, load(two + b + c, corp + "}, letsencrypt: {profile: x}}\n")).changed ==
          names{"a.example", "b.example"});
}

TEST_CASE("a hundred thousand certificates are compared by what they say") {
    settings before = load(a + b);
    settings after = load(a + b);
    REQUIRE(before.certificates[0]->policy != after.certificates[0]->policy);
    const auto fill = [](settings& into, int from, int to) {
        const auto policy = into.certificates[0]->policy;
        for (int i = from; i < to; ++i) {
            managed_certificate made;
            made.name = "site" + std::to_string(i) + ".example";
            made.names = {{identifier::kind::dns, made.name}};
            made.policy = i == 70'000 ? into.certificates[1]->policy : policy;
            into.certificates.push_back(std::make_shared<const managed_certificate>(std::move(made)));
        }
    };
    fill(before, 0, 100'000);
    fill(after, 100'000, 100'001); // in front of all others
    fill(after, 1, 100'000);
    difference d = compare(before, after);
    CHECK(d.added == names{"site100000.example"});
    CHECK(d.removed == names{"site0.example"});
    CHECK(d.changed.empty());
    settings moved = after;
    auto one = *moved.certificates[500];
    one.policy = moved.certificates[1]->policy;
    moved.certificates[500] = std::make_shared<const managed_certificate>(one);
    d = compare(after, moved);
    CHECK(d.changed == names{one.name});
    CHECK((d.added.empty() && d.removed.empty()));
    CHECK(!(after == moved));
}

TEST_CASE("what only a restart can apply is named") {
    CHECK(compare(load(a), load(a, "data_dir: /x\n")).needs_restart == names{"data_dir", "control.socket"});
    CHECK(compare(load(a, "control: {group: root}\n"), load(a, "control: {group: daemon}\n")).needs_restart ==
          names{"control.group"});
    CHECK(compare(load(a), load(a, "log: {format: json}\n")).needs_restart.empty());
    CHECK(compare(load(a), load(a, "log: {level: debug}\n")).needs_restart.empty());
}
