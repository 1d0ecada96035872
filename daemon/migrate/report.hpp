#pragma once
// What came of an import, for people and for programs.
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// One thing that was done, or is left to do. `left` is no failure: certbot goes on doing it.
enum class remark_kind { carried, changed, to_do, left, failed };
std::string_view to_string(remark_kind kind) noexcept; ///< "to do"

struct remark {
    remark_kind kind = remark_kind::carried;
    std::string text;
};

/// About one of certbot's lineages.
struct lineage_report {
    std::string lineage;
    std::string entry;       ///< name of ours; empty: none was made
    std::string certificate; ///< "ecdsa-p256, until 2027-02-20T..."; empty: none was carried
    std::string challenge;
    std::string deploy;
    std::vector<remark> remarks{};

    void add(remark_kind kind, std::string text) { remarks.push_back({kind, std::move(text)}); }
    [[nodiscard]] bool failed() const noexcept;
};

struct import_report {
    bool applied = false;
    std::string source; ///< certbot's folder
    std::string config; ///< where the configuration is, or would be, written
    std::string data_dir;
    std::vector<lineage_report> lineages{};
    std::vector<remark> general{};   ///< accounts, files, what concerns all
    std::vector<std::string> next{}; ///< what the operator does now, in order; may be of several lines
    std::string yaml;

    void add(remark_kind kind, std::string text) { general.push_back({kind, std::move(text)}); }
    [[nodiscard]] bool failed() const noexcept;
};

/// Text of many lines; all of it is safe for a terminal of `width` columns (0: no limit to the table).
std::string report_text(const import_report& report, std::size_t width = 0);
std::string report_json(const import_report& report);

} // namespace evercert::daemon
