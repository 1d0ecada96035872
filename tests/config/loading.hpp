#pragma once
// Loads texts that are right, or that have exactly one mistake.
#include "config/load.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace evercert::testing {

/// The settings of a text that is right.
inline config::settings good(const std::string& yaml) {
    auto loaded = config::load_text(yaml, "f.yaml");
    std::string all;
    if (!loaded) {
        for (const auto& m : loaded.error()) {
            all += m.to_string() + "\n";
        }
    }
    INFO(all);
    REQUIRE(loaded.has_value());
    return *std::move(loaded);
}

struct wrong {
    std::string yaml;
    std::string where;    ///< "line:column: key", exact
    std::string fragment; ///< of the text
};

inline std::string place_and_key(const config::mistake& m) {
    return fmt::format("{}:{}: {}", m.line, m.column, m.key);
}

/// Each text has one mistake, at its place.
inline void check(const std::vector<wrong>& table) {
    for (const wrong& row : table) {
        INFO(row.yaml);
        const auto loaded = config::load_text(row.yaml, "f.yaml");
        REQUIRE(!loaded.has_value());
        std::string all;
        for (const auto& m : loaded.error()) {
            all += m.to_string() + "\n";
        }
        INFO(all);
        REQUIRE(loaded.error().size() == 1);
        const config::mistake& m = loaded.error().front();
        CHECK(m.file == "f.yaml");
        CHECK(place_and_key(m) == row.where);
        CHECK(m.text.find(row.fragment) != std::string::npos);
    }
}

/// Three lines that are right; what follows begins at line 4, column 1.
inline const std::string head =
    "email: ops@example.com\nagree_to_terms: true\ncertificates: [{names: [a.example]}]\n";
/// The same ending inside the only certificate; what follows continues it at line 5, column 5.
inline const std::string entry =
    "email: ops@example.com\nagree_to_terms: true\ncertificates:\n  - names: [a.example]\n";
/// A list of certificates in which line 4, column 5 begins the first.
inline const std::string list = "email: ops@example.com\nagree_to_terms: true\ncertificates:\n";
inline const std::string no_certificates = "agree_to_terms: true\ncertificates: []\n";

} // namespace evercert::testing
