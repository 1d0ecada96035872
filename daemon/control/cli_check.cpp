// evercert check, snippet and schema: what a configuration file says or may say, without the daemon.
#include "config/load.hpp"
#include "core/json/writer.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/control/snippet.hpp"
#include "daemon/log/printable.hpp"
#include "daemon/schema/example.hpp"
#include "daemon/schema/json_schema.hpp"
#include "daemon/schema/manual.hpp"

#include <algorithm>

namespace evercert::daemon {

int run_check(const conversation& with) {
    const std::string& file = with.options().name.empty() ? with.world().default_config : with.options().name;
    const auto loaded = config::load_file(file);
    const auto warnings = loaded ? config::warnings(*loaded) : std::vector<std::string>();
    if (with.options().json) {
        json::writer out;
        out.begin_object()
            .member("schema", std::int64_t{control_schema})
            .member_bool("ok", loaded.has_value());
        out.key("mistakes").begin_array();
        if (!loaded) {
            for (const config::mistake& m : loaded.error()) {
                out.begin_object().member("file", m.file).member("line", std::int64_t{m.line});
                out.member("column", std::int64_t{m.column})
                    .member("key", m.key)
                    .member("text", m.text)
                    .end_object();
            }
        }
        out.end_array().member("warnings", warnings).end_object();
        with.say(out.text());
        return loaded ? exit_done : exit_usage;
    }
    if (!loaded) {
        for (const config::mistake& m : loaded.error()) {
            with.world().err(printable(m.to_string()) + '\n');
        }
        return exit_usage;
    }
    for (const std::string& warning : warnings) {
        with.say(fmt::format("{}: warning: {}", printable(file), printable(warning)));
    }
    const std::size_t count = loaded->certificates.size();
    with.say(fmt::format("{}: ok, {} certificate{}", printable(file), count, count == 1 ? "" : "s"));
    return exit_done;
}

int run_snippet(const conversation& with) {
    const cli_options& options = with.options();
    if (std::ranges::find(snippet_servers, options.name) == snippet_servers.end()) {
        return with.complain(exit_usage,
                             fmt::format("there is no snippet for \"{}\"; there are: {}",
                                         printable(options.name), fmt::join(snippet_servers, ", ")));
    }
    const auto loaded =
        config::load_file(options.config.empty() ? with.world().default_config : options.config);
    if (!loaded && !options.config.empty()) {
        for (const config::mistake& m : loaded.error()) {
            with.world().err(printable(m.to_string()) + '\n');
        }
        return exit_usage;
    }
    // Without a file it is for the defaults: whoever asks may be about to write one.
    with.world().out(snippet_for(options.name, loaded ? *loaded : config::settings()));
    return exit_done;
}

int run_schema(const conversation& with) {
    const std::string& format = with.options().format;
    if (format == "json") {
        with.world().out(json_schema());
    } else if (format == "example") {
        with.world().out(example_file());
    } else if (format == "man") {
        with.world().out(manual_page());
    } else {
        return with.complain(exit_usage, fmt::format("there is no format \"{}\" of the schema; there are: {}",
                                                     printable(format), fmt::join(schema_formats, ", ")));
    }
    return exit_done;
}

} // namespace evercert::daemon
