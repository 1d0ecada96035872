// What may come in place of a certificate chain.
#include "core/crypto/base64url.hpp"
#include "core/json/value.hpp"
#include "tests/core/lifecycle/hostile_answers.hpp"

#include <openssl/x509.h>

#include <algorithm>

namespace evercert::testing {
namespace {

using std::chrono::days;

const wall_time yesterday = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20);

template <class Change>
hostility chain(std::string name, Change change) {
    return {std::move(name), [change](const scripted_ca& ca, const ca_request&, http_response honest) {
                if (honest.status == 200) {
                    honest.body = change(ca, honest.body);
                }
                return result<http_response>(std::move(honest));
            }};
}

/// A chain for the request that was finalized last.
std::string chain_with(const scripted_ca& ca, mischief what) {
    const auto asked = std::ranges::find_if(ca.requests.rbegin(), ca.requests.rend(), [](const auto& one) {
        return one.path.starts_with("/finalize/");
    });
    const auto csr = crypto::base64url_decode(json::parse(asked->payload)->string("csr").value());
    return ca.pki().issue_chain_pem(*csr, ca.orders.back().names, yesterday, yesterday + days(90), what);
}

/// A leaf for the key of the honest one, with all else by plan, from this authority.
std::string leaf_by(const authority& from, const std::string& honest, const certificate_plan& plan) {
    const auto given = crypto::parse_pem_chain(honest).value();
    return from.issue(X509_get0_pubkey(given.front().with_key().native()), plan).pem();
}

certificate_plan plan_for_us() {
    certificate_plan plan;
    plan.san = {{san_kind::dns, "a.example"}};
    plan.not_before = yesterday;
    plan.not_after = yesterday + days(90);
    return plan;
}

std::string intermediates(const scripted_ca& ca) {
    return ca.pki().issuing().own().pem() + ca.pki().upper().own().pem();
}

std::string private_key() {
    return std::string(crypto::key::generate(key_type::ecdsa_p256).value().to_pem().view());
}

std::string block(const std::string& label, const std::string& inside) {
    return "-----BEGIN " + label + "-----\n" + inside + "-----END " + label + "-----\n";
}

void add_texts(std::vector<hostility>& all, const std::string& bait) {
    const auto text = [&all](const std::string& name, const std::string& pem) {
        all.push_back(chain(name, [pem](const scripted_ca&, const std::string&) { return pem; }));
    };
    text("nothing", "");
    text("HTML", "<html>hello</html>");
    text("a path", "../../../../tmp/evil");
    text("a path in a block", block("CERTIFICATE", bait + "\n"));
    text("NUL", std::string(100, '\0'));
    text("a megabyte of dashes", std::string(1024 * 1024, '-'));
    text("two thousand empty blocks", [] {
        std::string many;
        for (int i = 0; i < 2000; ++i) {
            many += block("CERTIFICATE", "");
        }
        return many;
    }());
    text("only a private key", private_key());
    text("a request", block("CERTIFICATE REQUEST", "AAAA\n"));
}

void add_changes(std::vector<hostility>& all, const std::string& bait) {
    const auto change = [&all](const std::string& name, auto how) {
        all.push_back(
            chain(name, [how](const scripted_ca&, const std::string& honest) { return how(honest); }));
    };
    change("half", [](const std::string& pem) { return pem.substr(0, pem.size() / 2); });
    change("NUL within", [](std::string pem) { return pem.insert(pem.size() / 2, 1, '\0'); });
    change("NUL behind", [](const std::string& pem) { return pem + '\0'; });
    change("private key first", [](const std::string& pem) { return private_key() + pem; });
    change("private key behind the leaf",
           [](std::string pem) { return pem.insert(pem.find("-----BEGIN", 1), private_key()); });
    change("private key last", [](const std::string& pem) { return pem + private_key(); });
    change("something encrypted", [](const std::string& pem) {
        return pem + block("ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n");
    });
    change("parameters", [](const std::string& pem) { return block("EC PARAMETERS", "AAAA\n") + pem; });
    change("ten times", [](const std::string& pem) {
        std::string many;
        for (int i = 0; i < 10; ++i) {
            many += pem;
        }
        return many;
    });
    change("a flipped bit", [](std::string pem) {
        char& one = pem[pem.find("-----BEGIN", 1) - 200];
        one = one == 'A' ? 'B' : 'A';
        return pem;
    });
    change("paths between",
           [bait](const std::string& pem) { return "../../../../tmp/evil\n" + pem + "\n" + bait + "\n"; });
    change("huge", [](const std::string& pem) { return pem + std::string(1'200'000, ' '); });
    change("without the leaf", [](const std::string& pem) { return pem.substr(pem.find("-----BEGIN", 1)); });
}

void add_contents(std::vector<hostility>& all) {
    for (const std::string& name : {std::string("../../../../tmp/evil"), std::string("/etc/passwd"),
                                    std::string("a\0b", 3), std::string("\x1b[31m\r\nx")}) {
        all.push_back(chain("a leaf called like a path", [name](const auto& ca, const std::string& honest) {
            certificate_plan plan = plan_for_us();
            plan.common_name = name;
            return leaf_by(ca.pki().issuing(), honest, plan) + intermediates(ca);
        }));
        all.push_back(chain("a CA called like a path", [name](const auto& ca, const std::string& honest) {
            const authority evil = ca.pki().issuing().make_intermediate(name);
            return leaf_by(evil, honest, plan_for_us()) + evil.own().pem() + intermediates(ca);
        }));
        all.push_back(chain("an alternative name like a path", [name](const auto& ca, const auto& honest) {
            certificate_plan plan = plan_for_us();
            plan.san.emplace_back(san_kind::dns, name);
            return leaf_by(ca.pki().issuing(), honest, plan) + intermediates(ca);
        }));
    }
    for (const std::size_t length : {1U, 20U, 200U}) {
        all.push_back(chain("an odd serial number", [length](const auto& ca, const std::string& honest) {
            certificate_plan plan = plan_for_us();
            plan.serial = std::string(length, '\xff');
            return leaf_by(ca.pki().issuing(), honest, plan) + intermediates(ca);
        }));
    }
    for (const auto lifetime : {days(2), days(365 * 60), days(365 * 7970)}) {
        all.push_back(chain("an odd lifetime", [lifetime](const auto& ca, const std::string& honest) {
            certificate_plan plan = plan_for_us();
            plan.not_after = yesterday + lifetime;
            return leaf_by(ca.pki().issuing(), honest, plan) + intermediates(ca);
        }));
    }
}

} // namespace

std::vector<hostility> wrong_chains(const std::string& bait) {
    std::vector<hostility> all;
    for (const mischief what :
         {mischief::wrong_key, mischief::extra_name, mischief::missing_name, mischief::no_names,
          mischief::nul_name, mischief::expired, mischief::future, mischief::is_ca, mischief::shuffled,
          mischief::with_root, mischief::unrelated_top, mischief::broken_link, mischief::private_key,
          mischief::leaf_only}) {
        all.push_back(
            chain("mischief " + std::to_string(static_cast<int>(what)),
                  [what](const scripted_ca& ca, const std::string&) { return chain_with(ca, what); }));
    }
    add_texts(all, bait);
    add_changes(all, bait);
    add_contents(all);
    return all;
}

} // namespace evercert::testing
