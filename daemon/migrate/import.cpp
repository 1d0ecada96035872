#include "daemon/migrate/import.hpp"

#include "config/files.hpp"
#include "config/load.hpp"
#include "core/base/text.hpp"
#include "daemon/migrate/keep_paths.hpp"
#include "daemon/migrate/next.hpp"
#include "daemon/migrate/owner.hpp"
#include "daemon/migrate/stored.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <unistd.h>

namespace evercert::daemon {
namespace {

constexpr std::size_t largest_config = std::size_t{64} * 1024 * 1024;

/// The file as it is, nullopt if there is none.
result<std::optional<std::string>> present_text(const std::string& path) {
    std::error_code wrong;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path, wrong))) {
        return std::nullopt;
    }
    auto text = config::read_file(path, largest_config, true);
    if (!text) {
        return fail(text.error().code,
                    fmt::format("{} cannot be read: {}", escape(path, 200), text.error().message));
    }
    return std::move(*text);
}

std::string absolute_path(const std::string& path) {
    std::error_code wrong;
    return path.empty() ? path : std::filesystem::absolute(path, wrong).lexically_normal().string();
}

class importer {
public:
    importer(const import_options& options, const store_opener& open, const certbot_tree& tree, wall_time now)
        : options_(options), open_(open), tree_(tree), now_(now), config_(absolute_path(options.config)) {}

    result<import_report> run() {
        auto text = present_text(config_);
        if (!text) {
            return fail(std::move(text.error()));
        }
        if (*text) {
            if (auto loaded = load_present(); !loaded) {
                return fail(std::move(loaded.error()));
            }
        }
        const std::vector<remark> mended = mend_switches();
        make();
        plan_.report.general.insert(plan_.report.general.begin(), mended.begin(), mended.end());
        if (plan_.entries.empty()) {
            tell_nothing();
            return std::move(plan_.report);
        }
        auto settings = settle(plan_, tree_.root());
        if (!settings) {
            return fail(std::move(settings.error()));
        }
        if (plan_.entries.empty()) {
            tell_nothing();
            return std::move(plan_.report);
        }
        settings_ = std::move(*settings);
        choose_output(*text);
        describe();
        if (options_.apply) {
            if (auto done = apply(); !done) {
                return fail(std::move(done.error()));
            }
        }
        plan_.report.next =
            next_steps({tree_, options_, plan_, settings_, config_, data_dir_, diverted_, switched_});
        return std::move(plan_.report);
    }

private:
    result<void> load_present() {
        auto loaded = config::load_file(config_);
        if (!loaded) {
            return fail(
                errc::invalid_argument,
                fmt::format(
                    "{} is there and does not check ({}): mend it, or give another file with --config",
                    config_, loaded.error().front().to_string()));
        }
        present_ = std::move(*loaded);
        return {};
    }

    /// A switch that was broken off goes back first, so that it is made again as a whole.
    [[nodiscard]] std::vector<remark> mend_switches() const {
        std::vector<remark> said;
        for (const std::string& lineage : half_switched(tree_)) {
            const std::string name = escape(lineage, 100);
            if (!options_.apply || !options_.keep_paths) {
                said.push_back(
                    {remark_kind::to_do,
                     fmt::format(
                         "the switch of {}'s paths was broken off: certbot has let go of it, and servers "
                         "still read certbot's files. Import again with --apply --keep-paths",
                         name)});
            } else if (const auto back = switch_back(tree_, lineage); !back) {
                said.push_back({remark_kind::failed, back.error().text()});
            } else {
                said.push_back({remark_kind::carried,
                                fmt::format("{}, whose switch was broken off, is taken up again", name)});
            }
        }
        return said;
    }

    void make() {
        import_wishes wishes;
        wishes.config_folder = std::filesystem::path(config_).parent_path().string();
        wishes.trust = absolute_path(options_.trust);
        wishes.present = present_ ? &*present_ : nullptr;
        wishes.now = now_;
        plan_ = make_plan(tree_, wishes);
        const std::string usual = config::settings().data_dir;
        data_dir_ = !options_.data_dir.empty() ? absolute_path(options_.data_dir)
                    : present_                 ? present_->data_dir
                                               : usual;
        plan_.data_dir = data_dir_ == usual ? std::string() : data_dir_;
        plan_.report.config = options_.output.empty() ? config_ : absolute_path(options_.output);
        plan_.report.data_dir = data_dir_;
    }

    void tell_nothing() {
        const std::vector<std::string> all = tree_.list("renewal");
        const auto before =
            std::ranges::count_if(all, [](const std::string& name) { return name.ends_with(put_aside); });
        plan_.report.add(
            remark_kind::carried,
            before > 0 ? fmt::format("nothing: {} lineages were imported before, with --keep-paths", before)
                       : std::string("nothing: no lineage can be renewed by evercert"));
    }

    /// A configuration of the operator's is never overwritten.
    void choose_output(const std::optional<std::string>& present) {
        import_report& report = plan_.report;
        if (!options_.output.empty()) {
            return;
        }
        if (present && *present == report.yaml) {
            in_place_ = true;
            return;
        }
        // What a second run is for: the rest of the paths. The entries may have been changed since.
        if (present &&
            std::ranges::all_of(plan_.entries, [this](const auto& each) { return is_in_use(each); })) {
            in_place_ = true;
            by_operator_ = true;
            report.yaml.clear();
            return;
        }
        if (present) {
            report.config = config_ + ".imported";
            diverted_ = true;
        }
    }

    void describe() {
        plan_.report.add(remark_kind::carried,
                         "agree_to_terms: true is written, as certbot's accounts were registered with that");
        for (const planned_entry& entry : plan_.entries) {
            for (std::size_t i = 0; i < entry.lineages.size(); ++i) {
                lineage_report& report = plan_.report.lineages[entry.lineages[i]];
                if (const auto& pair = entry.pairs[i]) {
                    report.certificate = fmt::format("{} until {:.10}", to_string(pair->key.type()),
                                                     format_time(pair->chain.front().not_after()));
                }
                report.challenge = entry.challenge;
                for (const auto& [name, challenge] : entry.rules) {
                    report.challenge +=
                        report.challenge.find(challenge) == std::string::npos ? ", " + challenge : "";
                }
                report.deploy = join(entry.deploy, ", ");
                if (options_.keep_paths && !options_.apply) {
                    must_stay(report);
                }
            }
        }
        for (const planned_issuer& each : plan_.issuers) {
            if (!options_.apply && each.account) {
                plan_.report.add(
                    remark_kind::carried,
                    fmt::format("{}: the account {} would go on", each.name, escape(each.account->url, 200)));
            }
        }
    }

    result<void> apply() {
        const auto owner = prepare_data_dir(data_dir_);
        if (!owner) {
            return fail(owner.error());
        }
        {
            const auto as_owner = acting_as::become(*owner);
            if (!as_owner) {
                return fail(as_owner.error());
            }
            auto files = open_(data_dir_);
            if (!files) {
                error why = std::move(files.error());
                if (why.code == errc::busy) {
                    why.message += "; stop it for the import: systemctl stop evercertd";
                }
                return fail(std::move(why));
            }
            store_plan(plan_, **files, settings_);
        }
        plan_.report.applied = true;
        write_secrets(*owner);
        write_config();
        if (options_.keep_paths) {
            keep_paths();
        }
        return {};
    }

    void write_secrets(file_owner owner) {
        if (by_operator_) {
            return; // the entries there name their own
        }
        for (const planned_secret& each : plan_.secrets) {
            auto present = present_text(each.path);
            const bool same = present && *present && **present == each.text.view();
            if (present && *present) {
                crypto::wipe(**present);
            }
            auto written =
                same ? result<void>() : write_file(each.path, each.text.view(), 0600, owner, false);
            if (written) {
                plan_.report.add(
                    remark_kind::carried,
                    fmt::format("the secret of a DNS provider lies in {}, readable by evercertd only",
                                each.path));
            } else {
                plan_.report.add(remark_kind::failed, written.error().text());
                secrets_written_ = false;
            }
        }
    }

    void write_config() {
        import_report& report = plan_.report;
        if (in_place_) {
            report.add(remark_kind::carried,
                       fmt::format("the configuration {} {}", report.config,
                                   by_operator_ ? "has an entry for each already, and stays as it is"
                                                : "says all this already"));
            return;
        }
        auto written = write_file(report.config, report.yaml, 0644, {::geteuid(), ::getegid()}, diverted_);
        if (!written) {
            report.add(remark_kind::failed,
                       fmt::format("the configuration was not written: {}", written.error().text()));
            return;
        }
        in_place_ = !diverted_ && report.config == config_;
        report.add(remark_kind::carried, fmt::format("the configuration {}", report.config));
    }

    /// Whether the configuration that was there has an entry for it.
    [[nodiscard]] bool is_in_use(const planned_entry& entry) const {
        return present_ && std::ranges::any_of(present_->certificates, [&](const certificate_ptr& each) {
                   return each->name == entry.name && each->names.size() == entry.names.size() &&
                          std::ranges::all_of(each->names, [&](const identifier& name) {
                              return std::ranges::find(entry.names, name.value) != entry.names.end();
                          });
               });
    }

    /// A link into data_dir would shut out whoever is let in to the key now.
    bool must_stay(lineage_report& report) const {
        const std::string readers = other_readers(tree_, report.lineage);
        if (readers.empty()) {
            return false;
        }
        report.add(
            remark_kind::to_do,
            fmt::format("its paths stay as they are: {} can read privkey.pem there, and nothing in {}. Give "
                        "the entry `outputs` with that owner, group and mode, tell the servers that read "
                        "it that place, chmod 600 the key here, and import again",
                        readers, data_dir_));
        return true;
    }

    void keep_paths() {
        for (const planned_entry& entry : plan_.entries) {
            for (std::size_t i = 0; i < entry.lineages.size(); ++i) {
                lineage_report& report = plan_.report.lineages[entry.lineages[i]];
                if (!secrets_written_) {
                    report.add(remark_kind::to_do,
                               "its paths stay as they are, as not all secrets could be written");
                    continue;
                }
                if (!in_place_ && !is_in_use(entry)) { // no daemon will renew it
                    report.add(
                        remark_kind::to_do,
                        fmt::format("its paths stay as they are until {} has an entry {} with its names",
                                    config_, entry.name));
                    continue;
                }
                if (must_stay(report)) {
                    continue;
                }
                const kept_lineage what{report.lineage, fmt::format("{}/live/{}", data_dir_, entry.name),
                                        file_suffix(entry, i)};
                if (::access(what.live_directory.c_str(), F_OK) != 0) {
                    report.add(
                        remark_kind::to_do,
                        "its paths stay as they are, and certbot goes on, until evercert has a certificate "
                        "for it: run the import again then");
                    continue;
                }
                const auto switched = switch_paths(tree_, what);
                if (switched) {
                    switched_.insert(report.lineage);
                    report.add(remark_kind::carried,
                               fmt::format("{} leads to {} from now on",
                                           escape(tree_.absolute("live/" + report.lineage), 300),
                                           what.live_directory));
                } else {
                    report.add(remark_kind::failed, switched.error().text());
                }
            }
        }
    }

    const import_options& options_;
    const store_opener& open_;
    const certbot_tree& tree_;
    wall_time now_;
    std::string config_;
    std::string data_dir_;
    std::optional<config::settings> present_;
    config::settings settings_; ///< of what is written
    import_plan plan_;
    bool secrets_written_ = true;
    bool diverted_ = false;          ///< the YAML goes beside a configuration that is there
    bool by_operator_ = false;       ///< the configuration in use has it all, if not in these words
    bool in_place_ = false;          ///< the configuration in use says what the YAML says
    std::set<std::string> switched_; ///< lineages whose paths lead to us
};

} // namespace

result<import_report> import_certbot(const import_options& options, const store_opener& open, wall_time now) {
    const auto tree = certbot_tree::open(options.folder);
    if (!tree) {
        return fail(tree.error());
    }
    return importer(options, open, *tree, now).run();
}

} // namespace evercert::daemon
