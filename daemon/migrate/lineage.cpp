#include "daemon/migrate/lineage.hpp"

#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/secret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace evercert::daemon {
namespace {

constexpr std::size_t largest_file = 256 * 1024;
constexpr std::size_t most_certificates = 10;
constexpr std::string_view ending = ".conf";
constexpr std::string_view letsencrypt = "https://acme-v02.api.letsencrypt.org/directory";
/// certbot reads this one as the other.
constexpr std::string_view letsencrypt_v1 = "https://acme-v01.api.letsencrypt.org/directory";

std::vector<identifier> in_certbots_order(std::vector<identifier> names, const std::string& subject) {
    const auto first = std::ranges::find(names, to_lower_ascii(subject), &identifier::value);
    if (first != names.end()) {
        std::rotate(names.begin(), first, first + 1);
    }
    return names;
}

/// Everything that can be had of the files; what stands in the way becomes `trouble`.
void read_files(const certbot_tree& tree, certbot_lineage& into, wall_time now) {
    const std::string folder = "live/" + into.name;
    const auto text = tree.read(folder + "/fullchain.pem", largest_file);
    auto chain = text ? crypto::parse_pem_chain(*text, most_certificates) : fail(text.error());
    if (!chain) {
        into.trouble =
            text ? chain.error().within(escape(tree.absolute(folder + "/fullchain.pem"), 300)).text()
                 : chain.error().text();
        return;
    }
    auto names = chain->front().names();
    if (!names) {
        into.trouble = names.error().text();
        return;
    }
    const std::vector<identifier> ordered =
        in_certbots_order(std::move(*names), chain->front().subject_common_name());
    for (const identifier& each : ordered) {
        into.names.push_back(each.value);
    }
    auto key_text = tree.read(folder + "/privkey.pem", largest_file);
    const crypto::secret kept(key_text ? std::move(*key_text) : std::string());
    auto key = key_text ? crypto::key::from_pem(kept.view()) : fail(key_text.error());
    if (!key) {
        into.trouble = key.error().text();
        return;
    }
    into.live_key = key->type();
    crypto::chain_expectation expected;
    expected.public_digest = key->public_digest();
    expected.names = ordered;
    expected.now = now;
    auto good = crypto::check_chain(std::move(*chain), expected);
    if (!good) {
        into.trouble = good.error().text();
        return;
    }
    into.pair = storage::key_pair{std::move(*good), std::move(*key)};
}

} // namespace

std::optional<std::string> certbot_lineage::plugin_text(std::string_view key) const {
    std::string prefix = authenticator;
    std::ranges::replace(prefix, '-', '_');
    const std::string whole = fmt::format("{}_{}", prefix, key);
    for (const auto& [written, value] : params.values) {
        const auto colon = written.rfind(':'); // plugins of others once had their package in front
        if (written.substr(colon == name.npos ? 0 : colon + 1) == whole) {
            return params.text(written);
        }
    }
    return std::nullopt;
}

std::vector<std::string> lineage_names(const certbot_tree& tree) {
    std::vector<std::string> names;
    for (std::string& name : tree.list("renewal")) {
        if (name.ends_with(ending) && name.size() > ending.size()) {
            name.resize(name.size() - ending.size());
            names.push_back(std::move(name));
        }
    }
    std::ranges::sort(names); // "a.conf" comes after "a-b.conf", but "a" before "a-b"
    return names;
}

result<certbot_lineage> read_lineage(const certbot_tree& tree, const std::string& name, wall_time now) {
    const std::string path = fmt::format("renewal/{}{}", name, ending);
    const auto text = tree.read(path, largest_file);
    if (!text) {
        return fail(text.error());
    }
    const auto parsed = parse_ini(*text);
    if (!parsed) {
        return fail(parsed.error().within(escape(tree.absolute(path), 300)));
    }
    const ini_section* const params = parsed->below("renewalparams");
    const auto authenticator = params == nullptr ? std::nullopt : params->text("authenticator");
    if (!authenticator) {
        return fail(
            errc::parse,
            fmt::format("{} does not say how the names are proven ([renewalparams] with authenticator): "
                        "certbot cannot renew it either",
                        escape(tree.absolute(path), 300)));
    }
    certbot_lineage read;
    read.name = name;
    read.params = *params;
    read.server = params->text("server").value_or(std::string(letsencrypt));
    if (read.server == letsencrypt_v1) {
        read.server = letsencrypt;
    }
    read.account = params->text("account").value_or("");
    read.authenticator = *authenticator == "certbot-route53:auth" // when it was a package of its own
                             ? "dns-route53"
                             : authenticator->substr(authenticator->rfind(':') + 1);
    read.installer = params->text("installer").value_or("");
    read.renew_before = parsed->text("renew_before_expiry").value_or("");
    read_files(tree, read, now);
    if (read.names.empty()) {
        return fail(
            errc::corrupted,
            fmt::format("its names are not known, as they stand in the certificate only: {}", read.trouble));
    }
    return read;
}

wanted_key key_by_certbot(const ini_section& params) {
    // Before version 2 there was nothing but RSA, and it was not written down.
    const std::string kind = to_lower_ascii(params.text("key_type").value_or("rsa"));
    if (kind == "ecdsa") {
        const std::string curve = to_lower_ascii(params.text("elliptic_curve").value_or("secp256r1"));
        if (curve == "secp256r1" || curve == "prime256v1") {
            return {};
        }
        return {key_type::ecdsa_p384,
                curve == "secp384r1"
                    ? std::string()
                    : fmt::format("keys are ecdsa-p384 from now on: no CA takes {}", escape(curve, 40))};
    }
    const std::string said = params.text("rsa_key_size").value_or("2048");
    unsigned bits = 0;
    std::from_chars(said.data(), said.data() + said.size(), bits);
    const key_type near = bits <= 2048   ? key_type::rsa_2048
                          : bits <= 3072 ? key_type::rsa_3072
                                         : key_type::rsa_4096;
    const bool same = bits == 2048 || bits == 3072 || bits == 4096;
    return {near, same ? std::string()
                       : fmt::format("keys are {} from now on, in place of RSA with {} bits", to_string(near),
                                     escape(said, 20))};
}

} // namespace evercert::daemon
