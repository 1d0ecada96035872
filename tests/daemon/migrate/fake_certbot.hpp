#pragma once
// A folder as certbot keeps it, made without certbot.
#include "core/base/time.hpp"
#include "core/crypto/key.hpp"
#include "core/model/identifier.hpp"
#include "daemon/migrate/import.hpp"
#include "daemon/wiring.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/test_pki.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::testing {

class fake_certbot {
public:
    static constexpr std::string_view server = "https://acme-v02.api.letsencrypt.org/directory";
    static constexpr wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);

    fake_certbot() {
        for (const char* folder : {"renewal", "live", "archive", "accounts", "renewal-hooks/deploy"}) {
            std::filesystem::create_directories(root() + "/" + folder);
        }
        account("acc1", server, "https://acme-v02.api.letsencrypt.org/acme/acct/1");
    }

    [[nodiscard]] std::string root() const { return folder_ / "letsencrypt"; }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
    void write(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories(std::filesystem::path(root() + "/" + name).parent_path());
        folder_.write("letsencrypt/" + name, text);
    }

    /// The key of RFC 7515 appendix A.3.
    void account(const std::string& id, std::string_view at, const std::string& url) const {
        const std::string place = fmt::format("accounts/{}/{}", at.substr(at.find("://") + 3), id);
        write(
            place + "/private_key.json",
            R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})");
        write(place + "/regr.json", R"({"body": {}, "uri": ")" + url + "\"}");
        write(place + "/meta.json", R"({"creation_dt": "2026-01-01T00:00:00Z", "creation_host": "x"})");
    }
    void conf(const std::string& lineage, const std::string& params, std::string_view at = server) const {
        write("renewal/" + lineage + ".conf",
              fmt::format("version = 2.1.0\n[renewalparams]\nserver = {}\naccount = acc1\n{}", at, params));
    }
    void certificate(const std::string& lineage, const std::vector<std::string>& names,
                     key_type type = key_type::ecdsa_p256,
                     std::chrono::days age = std::chrono::days(30)) const {
        const auto key = crypto::key::generate(type).value();
        std::vector<identifier> wanted;
        for (const std::string& name : names) {
            wanted.push_back(parse_identifier(name).value());
        }
        const wall_time from = now - age;
        const std::string chain = ca_.issue_chain_pem(key, wanted, from, from + std::chrono::days(90));
        const std::size_t leaf = chain.find("-----BEGIN", 1);
        const auto put = [&](const std::string& kind, std::string_view text) {
            const std::string archive = fmt::format("archive/{}/{}1.pem", lineage, kind);
            write(archive, text);
            std::filesystem::create_directories(root() + "/live/" + lineage);
            const std::string link = fmt::format("{}/live/{}/{}.pem", root(), lineage, kind);
            std::filesystem::remove(link);
            std::filesystem::create_symlink("../../" + archive, link);
        };
        put("fullchain", chain);
        put("cert", std::string_view(chain).substr(0, leaf));
        put("chain", std::string_view(chain).substr(leaf));
        put("privkey", key.to_pem().view());
        std::filesystem::permissions(fmt::format("{}/archive/{}/privkey1.pem", root(), lineage),
                                     std::filesystem::perms(0600));
    }

    [[nodiscard]] daemon::import_options options() const {
        daemon::import_options made;
        made.folder = root();
        made.config = path("etc/evercert.yaml");
        made.data_dir = path("data");
        return made;
    }
    [[nodiscard]] result<daemon::import_report> run(bool apply = false, bool keep_paths = false) const {
        daemon::import_options made = options();
        made.apply = apply;
        made.keep_paths = keep_paths;
        return daemon::import_certbot(made, daemon::open_store, now);
    }

private:
    temp_folder folder_;
    test_ca ca_;
};

inline const daemon::lineage_report& about(const daemon::import_report& report, std::string_view lineage) {
    return *std::ranges::find(report.lineages, lineage, &daemon::lineage_report::lineage);
}
inline std::string remarks(const daemon::lineage_report& report, daemon::remark_kind kind) {
    std::string all;
    for (const daemon::remark& each : report.remarks) {
        all += each.kind == kind ? each.text + "\n" : "";
    }
    return all;
}
inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace evercert::testing
