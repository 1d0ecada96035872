// evercert check: a configuration file, without the daemon.
#include "config/load.hpp"
#include "core/json/writer.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/log/printable.hpp"

namespace evercert::daemon {

int run_check(const conversation& with) {
    const std::string& file = with.options().name.empty() ? with.world().default_config : with.options().name;
    const auto loaded = config::load_file(file);
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
        out.end_array().end_object();
        with.say(out.text());
        return loaded ? exit_done : exit_usage;
    }
    if (!loaded) {
        for (const config::mistake& m : loaded.error()) {
            with.world().err(printable(m.to_string()) + '\n');
        }
        return exit_usage;
    }
    const std::size_t count = loaded->certificates.size();
    with.say(fmt::format("{}: ok, {} certificate{}", printable(file), count, count == 1 ? "" : "s"));
    return exit_done;
}

} // namespace evercert::daemon
