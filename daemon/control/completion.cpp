#include "daemon/control/completion.hpp"

#include "config/builtin.hpp"
#include "config/load.hpp"
#include "daemon/control/names.hpp"
#include "daemon/control/protocol.hpp"
#include "daemon/control/reasons.hpp"
#include "daemon/control/snippet.hpp"
#include "daemon/log/printable.hpp"
#include "daemon/schema/json_schema.hpp"

#include <algorithm>
#include <array>

namespace evercert::daemon {
namespace {

/// Somebody waits with a finger on the key.
constexpr milliseconds patience = seconds(1);
constexpr std::size_t longest_answer = std::size_t{8} * 1024 * 1024;

/// The command that the words lead to, and what was said of it.
struct standing {
    std::vector<const command_shape*> path; ///< from the root down: options of those above count as well
    std::size_t arguments = 0;              ///< given already
    const option_shape* open = nullptr;     ///< an option that still wants its value
    bool no_more_options = false;           ///< after "--"
};

const option_shape* find_option(const standing& here, const std::string& name) {
    for (const command_shape* const command : here.path) {
        const auto at = std::ranges::find(command->options, name, &option_shape::name);
        if (at != command->options.end()) {
            return &*at;
        }
    }
    return nullptr;
}

standing follow(const command_shape& root, const std::vector<std::string>& words) {
    standing here;
    here.path.push_back(&root);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const std::string& word = words[i];
        if (here.open != nullptr) {
            here.open = nullptr;
        } else if (!here.no_more_options && word == "--") {
            here.no_more_options = true;
        } else if (!here.no_more_options && word.starts_with('-')) {
            const option_shape* const option = find_option(here, word);
            here.open = option != nullptr && option->takes_value ? option : nullptr;
        } else {
            const auto& below = here.path.back()->commands;
            const auto at = std::ranges::find(below, word, &command_shape::name);
            if (here.arguments == 0 && at != below.end()) {
                here.path.push_back(&*at);
            } else {
                ++here.arguments;
            }
        }
    }
    return here;
}

template <class Words>
std::vector<candidate> plain(const Words& words) {
    std::vector<candidate> all;
    for (const auto& word : words) {
        all.push_back({std::string(word), {}});
    }
    return all;
}

/// `value` is an argument's name or an option's.
std::vector<candidate> values(const std::string& value, const std::string& prefix, const known_names& known) {
    if (value == "NAME") {
        return plain(known.certificates(prefix));
    }
    if (value == "ISSUER") {
        return plain(known.issuers());
    }
    if (value == "SERVER") {
        return plain(snippet_servers);
    }
    if (value == "--reason") {
        return plain(reason_names());
    }
    if (value == "--format") {
        return plain(schema_formats);
    }
    constexpr std::array<std::string_view, 7> files{"--config", "--socket", "--output", "--data-dir",
                                                    "--trust",  "FILE",     "DIR"};
    return std::ranges::find(files, value) != files.end()
               ? std::vector<candidate>{{std::string(files_wanted), {}}}
               : std::vector<candidate>();
}

std::vector<candidate> all_candidates(const standing& here, const std::string& last,
                                      const known_names& known) {
    if (here.open != nullptr) {
        return values(here.open->name, last, known);
    }
    std::vector<candidate> all;
    if (last.starts_with('-') && !here.no_more_options) {
        for (auto command = here.path.rbegin(); command != here.path.rend(); ++command) {
            for (const option_shape& option : (*command)->options) {
                if (std::ranges::find(all, option.name, &candidate::word) == all.end()) {
                    all.push_back({option.name, option.what});
                }
            }
        }
        return all;
    }
    const command_shape& command = *here.path.back();
    for (const command_shape& below : command.commands) {
        if (here.arguments == 0) {
            all.push_back({below.name, below.what});
        }
    }
    if (here.arguments < command.arguments.size()) {
        std::ranges::move(values(command.arguments[here.arguments], last, known), std::back_inserter(all));
    }
    return all;
}

/// The value of an option that stands before the last word.
std::string given(const std::vector<std::string>& words, std::string_view option) {
    for (std::size_t i = 0; i + 2 < words.size(); ++i) {
        if (words[i] == option) {
            return words[i + 1];
        }
    }
    return {};
}

/// They are sorted by name: one page holds those that begin with the prefix, or more than anybody wants to
/// see.
std::vector<std::string> certificate_names(const cli_world& world, const std::string& socket,
                                           const std::string& prefix) {
    auto ask = [&](const std::string& below) {
        http_request request("GET", "/v1/certificates" + below);
        request.body_limit = longest_answer;
        request.deadline = patience;
        const auto response = world.request(socket, std::move(request));
        return response && response->status == 200 ? response->body : std::string();
    };
    const bool begun = is_plain_name(prefix);
    const auto page = page_from_json(ask(begun ? "?after=" + prefix : ""));
    std::vector<std::string> names;
    for (const auto& one : page ? page->certificates : std::vector<lifecycle::certificate_status>()) {
        if (one.name.starts_with(prefix)) {
            names.push_back(one.name);
        }
    }
    // The page begins behind what is typed, which may be the whole of a shorter name.
    if (begun && !names.empty() && !ask("/" + prefix).empty()) {
        names.insert(names.begin(), prefix);
    }
    return names;
}

} // namespace

std::vector<candidate> complete(const command_shape& root, const std::vector<std::string>& words,
                                const known_names& known) {
    const std::string last = words.empty() ? std::string() : words.back();
    auto all = all_candidates(follow(root, words), last, known);
    std::erase_if(
        all, [&](const candidate& one) { return one.word != files_wanted && !one.word.starts_with(last); });
    return all;
}

int run_complete(const cli_options& options, const cli_world& world, const command_shape& shape) {
    cli_options located;
    located.config = given(options.words, "--config");
    located.socket = given(options.words, "--socket");
    known_names known;
    known.certificates = [&](const std::string& prefix) {
        const auto socket = find_socket(located, world.default_config);
        return socket ? certificate_names(world, *socket, prefix) : std::vector<std::string>();
    };
    known.issuers = [&] {
        const auto loaded = config::load_file(located.config.empty() ? world.default_config : located.config);
        std::vector<std::string> names;
        for (const auto& builtin : config::builtin_issuers()) {
            names.emplace_back(builtin.name);
        }
        if (loaded) {
            names.clear();
            for (const auto& [name, issuer] : loaded->issuers) {
                names.push_back(name);
            }
        }
        return names;
    };
    for (const candidate& one : complete(shape, options.words, known)) {
        world.out(one.what.empty() ? fmt::format("{}\n", printable(one.word))
                                   : fmt::format("{}\t{}\n", printable(one.word), printable(one.what)));
    }
    return exit_done;
}

} // namespace evercert::daemon
