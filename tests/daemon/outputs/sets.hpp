#pragma once
// Stored versions for these tests, in a data_dir that the real store wrote.
#include "core/backends/filesystem_store.hpp"
#include "core/store/repository.hpp"
#include "tests/support/test_pki.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace evercert::testing {

inline const wall_time set_start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
inline const wall_time set_end = set_start + std::chrono::days(90);
inline const wall_time set_now = set_start + std::chrono::days(10);

inline std::vector<identifier> names_of(const std::vector<std::string>& texts) {
    std::vector<identifier> names;
    for (const std::string& text : texts) {
        names.push_back(parse_identifier(text).value());
    }
    return names;
}

/// From one CA, with a key made once for each type.
inline storage::key_pair make_pair_of(key_type type, const std::vector<std::string>& names = {"example.com"},
                                      wall_time from = set_start, wall_time until = set_end,
                                      mischief what = mischief::none) {
    static const test_ca ca;
    auto key = crypto::key::generate(type);
    auto chain = crypto::parse_pem_chain(ca.issue_chain_pem(key.value(), names_of(names), from, until, what));
    return storage::key_pair{std::move(chain).value(), std::move(key).value()};
}

/// Makes `pairs` the live version of "example" in the folder, as the daemon does.
inline void put_live(const std::string& data_dir, const std::vector<storage::key_pair>& pairs) {
    auto files = backends::open_filesystem_store(data_dir);
    storage::repository repository(*files.value());
    const auto staged = repository.stage("example", pairs);
    if (!staged) {
        throw std::runtime_error(staged.error().text());
    }
    if (auto live = repository.make_live("example", staged->number); !live) {
        throw std::runtime_error(live.error().text());
    }
}

} // namespace evercert::testing
