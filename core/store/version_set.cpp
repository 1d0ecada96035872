#include "core/store/version_set.hpp"

#include "core/store/key_file.hpp"
#include "core/store/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace evercert::storage {
namespace {

class set_reader {
public:
    set_reader(const store& files, const std::string& folder) : files_(files), folder_(folder) {}

    [[nodiscard]] result<key_pair> pair(const layout::pair_files& names) const {
        auto full = certificates(names.fullchain);
        if (!full) {
            return fail(std::move(full.error()));
        }
        // We wrote these texts ourselves, so they are compared as text: parsing each certificate twice costs
        // more.
        auto leaf = text(names.cert);
        if (!leaf) {
            return fail(std::move(leaf.error()));
        }
        if (*leaf != full->front().pem()) {
            return broken(fmt::format("{} is not the first certificate of {}", names.cert, names.fullchain));
        }
        auto rest = text(names.chain);
        if (!rest) {
            return fail(std::move(rest.error()));
        }
        std::string expected;
        for (auto each = full->begin() + 1; each != full->end(); ++each) {
            expected += each->pem();
        }
        if (*rest != expected) {
            return broken(fmt::format("{} is not the rest of {}", names.chain, names.fullchain));
        }
        auto key = read_key(files_, path_of(names.privkey));
        if (!key) {
            return fail(std::move(key.error()));
        }
        if (!*key) {
            return missing(names.privkey);
        }
        return key_pair{std::move(*full), std::move(**key)};
    }

    [[nodiscard]] std::unexpected<error> broken(std::string_view what) const {
        return fail(errc::corrupted, fmt::format("{}: {}", files_.absolute(folder_), what));
    }

private:
    [[nodiscard]] std::string path_of(std::string_view name) const {
        return fmt::format("{}/{}", folder_, name);
    }
    [[nodiscard]] std::unexpected<error> missing(std::string_view name) const {
        return fail(errc::not_found, fmt::format("{} is missing", files_.absolute(path_of(name))));
    }
    [[nodiscard]] result<std::string> text(std::string_view name) const {
        auto found = files_.read(path_of(name));
        if (!found) {
            return fail(std::move(found.error()));
        }
        if (!*found) {
            return missing(name);
        }
        return std::move(**found);
    }
    [[nodiscard]] result<std::vector<crypto::certificate>> certificates(std::string_view name) const {
        auto pem = text(name);
        if (!pem) {
            return fail(std::move(pem.error()));
        }
        auto chain = crypto::parse_pem_chain(*pem);
        if (!chain) {
            return fail(errc::corrupted,
                        fmt::format("{}: {}", files_.absolute(path_of(name)), chain.error().message),
                        chain.error().foreign);
        }
        return chain;
    }

    const store& files_;
    const std::string& folder_;
};

stored_file named(std::string name, std::string contents) {
    stored_file file;
    file.name = std::move(name);
    file.contents = std::move(contents);
    return file;
}

} // namespace

result<void> check_pairs(const std::vector<key_pair>& pairs) {
    std::set<key_type> types;
    for (const key_pair& pair : pairs) {
        if (pair.chain.empty() || pair.chain.front().public_digest() != pair.key.public_digest()) {
            return fail(errc::corrupted, fmt::format("the {} key does not belong to the certificate",
                                                     to_string(pair.key.type())));
        }
        if (!types.insert(pair.key.type()).second) {
            return fail(errc::corrupted, fmt::format("there are two {} keys", to_string(pair.key.type())));
        }
    }
    if (pairs.size() < 2) {
        return pairs.empty() ? fail(errc::corrupted, "there is no certificate") : result<void>();
    }
    const auto names = pairs.front().chain.front().names();
    for (const key_pair& pair : pairs) {
        const auto others = pair.chain.front().names();
        if (!names || !others || *names != *others) {
            return fail(errc::corrupted, "the certificates are not all for the same names");
        }
    }
    return {};
}

std::vector<key_pair> in_stored_order(const std::vector<key_pair>& pairs) {
    std::vector<key_pair> ordered = pairs;
    std::sort(ordered.begin() + 1, ordered.end(),
              [](const key_pair& a, const key_pair& b) { return a.key.type() < b.key.type(); });
    return ordered;
}

std::vector<stored_file> files_of(std::string_view certificate, const std::vector<key_pair>& pairs) {
    std::vector<stored_file> files;
    files.reserve(4 * pairs.size()); // growing would leave copies of the keys behind
    for (const key_pair& pair : pairs) {
        layout::pair_files names =
            files.empty() ? layout::files_of_first_pair() : layout::files_of_pair(pair.key.type());
        std::string leaf = pair.chain.front().pem();
        std::string rest;
        for (auto each = pair.chain.begin() + 1; each != pair.chain.end(); ++each) {
            rest += each->pem();
        }
        files.push_back(named(std::move(names.fullchain), leaf + rest));
        files.push_back(named(std::move(names.cert), std::move(leaf)));
        files.push_back(named(std::move(names.chain), std::move(rest)));
        const crypto::secret pem = pair.key.to_pem();
        stored_file& key = files.emplace_back(named(std::move(names.privkey), std::string(pem.view())));
        key.same_as = layout::pending_key(certificate, pair.key.type());
    }
    return files;
}

void wipe_keys(std::vector<stored_file>& files) noexcept {
    for (std::size_t key = 3; key < files.size(); key += 4) {
        crypto::wipe(files[key].contents);
    }
}

result<std::vector<key_pair>> read_pairs(const store& files, const std::string& folder) {
    auto names = files.list(folder);
    if (!names) {
        return fail(std::move(names.error()));
    }
    std::set<key_type> further;
    for (const std::string& name : *names) {
        if (const auto type = layout::further_pair_of(name)) {
            further.insert(*type);
        }
    }
    const set_reader set(files, folder);
    std::vector<key_pair> pairs;
    auto pair = set.pair(layout::files_of_first_pair());
    if (!pair) {
        return fail(std::move(pair.error()));
    }
    pairs.push_back(std::move(*pair));
    for (const key_type type : further) {
        const layout::pair_files of = layout::files_of_pair(type);
        pair = set.pair(of);
        if (!pair) {
            return fail(std::move(pair.error()));
        }
        if (pair->key.type() != type) {
            return set.broken(fmt::format("{} is a {} key", of.privkey, to_string(pair->key.type())));
        }
        pairs.push_back(std::move(*pair));
    }
    if (const auto fit = check_pairs(pairs); !fit) {
        return set.broken(fit.error().message);
    }
    return pairs;
}

} // namespace evercert::storage
