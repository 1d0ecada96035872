// evercert import certbot: carries what certbot keeps over, without the daemon.
#include "core/base/text.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/migrate/import.hpp"

namespace evercert::daemon {

int run_import(const conversation& with) {
    const cli_options& options = with.options();
    if (options.action != "certbot") {
        return with.complain(exit_usage, fmt::format("evercert cannot import from \"{}\", but from certbot",
                                                     escape(options.action, 60)));
    }
    import_options wanted;
    wanted.folder = options.name.empty() ? "/etc/letsencrypt" : options.name;
    wanted.config = options.config.empty() ? with.world().default_config : options.config;
    wanted.output = options.output;
    wanted.data_dir = options.data_dir;
    wanted.trust = options.trust;
    wanted.apply = options.apply;
    wanted.keep_paths = options.keep_paths;
    const auto report = import_certbot(wanted, with.world().open_store, with.world().time.now());
    if (!report) {
        const bool bad_request =
            report.error().code == errc::invalid_argument || report.error().code == errc::not_found;
        return with.complain(bad_request ? exit_usage : exit_failed, report.error().text());
    }
    if (options.json) {
        with.say(report_json(*report));
    } else {
        with.world().out(report_text(*report, with.world().width));
        if (!report->applied && !report->yaml.empty()) {
            with.world().out(fmt::format("\n# {} would be:\n{}", escape(report->config, 200), report->yaml));
        }
    }
    return report->failed() ? exit_failed : exit_done;
}

} // namespace evercert::daemon
