#include "config/diff.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace evercert::config {
namespace {

using by_name = std::unordered_map<std::string_view, const managed_certificate*>;

by_name index(const settings& from) {
    by_name out;
    out.reserve(from.certificates.size());
    for (const managed_certificate& certificate : from.certificates) {
        out.emplace(certificate.name, &certificate);
    }
    return out;
}

template <class Map>
bool same(const Map& before, const Map& after, const std::string& name) {
    const auto old_one = before.find(name);
    const auto new_one = after.find(name);
    if (old_one == before.end() || new_one == after.end()) {
        return old_one == before.end() && new_one == after.end();
    }
    return old_one->second == new_one->second;
}

bool same_certificate(const settings& before, const managed_certificate& was, const settings& after,
                      const managed_certificate& is) {
    return was == is && same(before.issuers, after.issuers, is.issuer) &&
           same(before.challenges, after.challenges, is.challenge) &&
           std::all_of(is.deploy.begin(), is.deploy.end(), [&](const std::string& name) {
               return same(before.deployments, after.deployments, name);
           });
}

} // namespace

difference compare(const settings& before, const settings& after) {
    difference out;
    const by_name was = index(before);
    const by_name is = index(after);
    for (const managed_certificate& certificate : after.certificates) {
        const auto old_one = was.find(certificate.name);
        if (old_one == was.end()) {
            out.added.push_back(certificate.name);
        } else if (!same_certificate(before, *old_one->second, after, certificate)) {
            out.changed.push_back(certificate.name);
        }
    }
    for (const managed_certificate& certificate : before.certificates) {
        if (!is.contains(certificate.name)) {
            out.removed.push_back(certificate.name);
        }
    }
    if (before.data_dir != after.data_dir) {
        out.needs_restart.emplace_back("data_dir");
    }
    if (before.control.socket != after.control.socket) {
        out.needs_restart.emplace_back("control.socket");
    }
    if (before.control.group != after.control.group) {
        out.needs_restart.emplace_back("control.group");
    }
    return out;
}

} // namespace evercert::config
