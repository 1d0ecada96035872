#pragma once
// Files of NAME=value lines: credentials for programs.
#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert::solvers {

/// Secret variables, wiped when they go. Each name is there once.
class secret_environment {
public:
    using variables = std::vector<std::pair<std::string, std::string>>;

    secret_environment() = default;
    secret_environment(secret_environment&& other) noexcept : all_(std::exchange(other.all_, {})) {}
    secret_environment& operator=(secret_environment&& other) noexcept {
        std::swap(all_, other.all_);
        return *this;
    }
    ~secret_environment();

    /// A later one takes the place of an earlier one.
    void set(std::string_view name, std::string_view value);
    [[nodiscard]] const variables& all() const noexcept { return all_; }
    /// Foreign text without these values (of 6 bytes and more): programs under `set -x` print them.
    [[nodiscard]] std::string redacted(std::string text) const;

private:
    variables all_;
};

/// As a shell or systemd reads such files, of what they agree on: "#" comments, "export " before the name,
/// values bare, in 'single' or in "double" quotes (there \" \\ \$ \` are the second character). `strict`:
/// a line that is none is errc::parse, named by its number and never by its content; else it is left out, as
/// an account.conf of acme.sh may have shell in it.
enum class line_rule { strict, lenient };
result<void> parse_environment(std::string_view text, std::string_view file, line_rule rule,
                               secret_environment& into);

/// Reads and parses one file of at most 64 KiB. Blocks. errc::not_found, io, too_large, parse.
result<void> load_environment(const std::string& file, line_rule rule, secret_environment& into);

} // namespace evercert::solvers
