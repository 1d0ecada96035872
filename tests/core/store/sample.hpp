#pragma once
#include "core/store/repository.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/test_pki.hpp"

#include <stdexcept>
#include <vector>

namespace evercert::testing {

/// A chain and the key of its leaf.
using sample = storage::key_pair;

inline const crypto::certificate& leaf_of(const sample& set) {
    return set.chain.front();
}

/// From one CA that lasts as long as the process, with a CRL named in the leaf.
inline sample make_sample(key_type type, const std::string& name = "example.com") {
    static const test_ca ca;
    auto key = crypto::key::generate(type);
    auto parsed = parse_identifier(name);
    if (!key || !parsed) {
        throw std::runtime_error("no sample");
    }
    const wall_time start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    auto chain =
        crypto::parse_pem_chain(ca.issue_chain_pem(*key, {*parsed}, start, start + std::chrono::days(90)));
    if (!chain) {
        throw std::runtime_error(chain.error().text());
    }
    return sample{std::move(*chain), std::move(*key)};
}

/// Two sets of one key type, made once.
inline const std::vector<sample>& samples() {
    static const std::vector<sample> made{make_sample(key_type::ecdsa_p256),
                                          make_sample(key_type::ecdsa_p256)};
    return made;
}

/// Two sets of another.
inline const std::vector<sample>& rsa_samples() {
    static const std::vector<sample> made{make_sample(key_type::rsa_2048), make_sample(key_type::rsa_2048)};
    return made;
}

} // namespace evercert::testing
