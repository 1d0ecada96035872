#pragma once
#include "tests/support/memory_store.hpp"
#include "tests/support/test_pki.hpp"

#include <stdexcept>
#include <vector>

namespace evercert::testing {

/// A chain and the key of its leaf.
struct sample {
    crypto::key key;
    std::vector<crypto::certificate> chain;
    [[nodiscard]] const crypto::certificate& leaf() const { return chain.front(); }
};

/// Two sets from one CA, made once.
inline const std::vector<sample>& samples() {
    static const std::vector<sample> made = [] {
        test_ca ca;
        std::vector<sample> all;
        for (int i = 0; i < 2; ++i) {
            auto key = crypto::key::generate(key_type::ecdsa_p256);
            auto names = parse_identifier("example.com");
            if (!key || !names) {
                throw std::runtime_error("no sample");
            }
            const wall_time start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
            auto chain = crypto::parse_pem_chain(
                ca.issue_chain_pem(*key, {*names}, start, start + std::chrono::days(90)));
            if (!chain) {
                throw std::runtime_error(chain.error().text());
            }
            all.push_back(sample{*key, *chain});
        }
        return all;
    }();
    return made;
}

} // namespace evercert::testing
