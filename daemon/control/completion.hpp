#pragma once
// What could stand where somebody presses TAB. The shells' scripts only pass the words on and show the
// answer, so that they never fall behind the program.
#include "daemon/control/cli.hpp"

#include <functional>
#include <string>
#include <vector>

namespace evercert::daemon {

struct option_shape {
    option_shape(std::string name_, std::string what_, bool takes_value_)
        : name(std::move(name_)), what(std::move(what_)), takes_value(takes_value_) {}
    std::string name; ///< "--json"
    std::string what;
    bool takes_value;
};

/// A command as its parser knows it.
struct command_shape {
    std::string name;
    std::string what;
    std::vector<option_shape> options;
    std::vector<std::string> arguments; ///< NAME, ISSUER, FILE ..., in their order
    std::vector<command_shape> commands;
};

struct candidate {
    std::string word;
    std::string what; ///< for shells that show it; may be empty
    friend bool operator==(const candidate&, const candidate&) = default;
};

/// What a value may be, asked only where one is wanted.
struct known_names {
    std::function<std::vector<std::string>(const std::string& prefix)> certificates;
    std::function<std::vector<std::string>()> issuers;
};

/// The word that says that files are wanted, which the shell knows best.
inline constexpr std::string_view files_wanted = ":files";

/// Candidates for the last of `words` (behind the program's name), all beginning with it. Pure but for
/// `known`.
std::vector<candidate> complete(const command_shape& root, const std::vector<std::string>& words,
                                const known_names& known);

/// One candidate a line, a tab before what it is. Quick and silent: without a daemon there are no names of
/// certificates, and nothing is an error.
int run_complete(const cli_options& options, const cli_world& world, const command_shape& shape);

} // namespace evercert::daemon
