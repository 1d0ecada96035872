// The versions part of the repository: staging, checking, switching, pruning.
#include "core/store/key_file.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace evercert::storage {
namespace {

struct checked_set {
    stored_version version;
    crypto::key key;
};

class set_reader {
public:
    set_reader(const store& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

    /// errc::not_found for a missing file.
    result<std::string> text(std::string_view name) const {
        std::string path = fmt::format("{}/{}", folder_, name);
        auto found = files_.read(path);
        if (!found) {
            return fail(std::move(found.error()));
        }
        if (!*found) {
            return fail(errc::not_found, fmt::format("{} is missing", files_.absolute(path)));
        }
        return std::move(**found);
    }

    result<std::vector<crypto::certificate>> certificates(std::string_view name) const {
        auto pem = text(name);
        if (!pem) {
            return fail(std::move(pem.error()));
        }
        auto chain = crypto::parse_pem_chain(*pem);
        if (!chain) {
            return fail(errc::corrupted,
                        fmt::format("{}/{}: {}", files_.absolute(folder_), name, chain.error().message),
                        chain.error().foreign);
        }
        return chain;
    }

    [[nodiscard]] std::unexpected<error> broken(std::string_view what) const {
        return fail(errc::corrupted, fmt::format("{}: {}", files_.absolute(folder_), what));
    }

private:
    const store& files_;
    std::string folder_;
};

/// cert.pem and chain.pem as they belong to this full chain.
struct parts {
    std::string leaf;
    std::string rest;
};
parts parts_of(const std::vector<crypto::certificate>& chain) {
    parts of{chain.front().pem(), {}};
    for (auto each = chain.begin() + 1; each != chain.end(); ++each) {
        of.rest += each->pem();
    }
    return of;
}

/// The whole set, every file looked at: servers read different ones of them, so all must tell the same.
result<checked_set> read_set(const store& files, const std::string& folder, unsigned number) {
    set_reader set(files, folder);
    auto full = set.certificates(layout::fullchain);
    if (!full) {
        return fail(std::move(full.error()));
    }
    auto leaf = set.text(layout::cert);
    if (!leaf) {
        return fail(std::move(leaf.error()));
    }
    auto rest = set.text(layout::chain);
    if (!rest) {
        return fail(std::move(rest.error()));
    }
    auto key = read_key(files, fmt::format("{}/{}", folder, layout::privkey));
    if (!key) {
        return fail(std::move(key.error()));
    }
    if (!*key) {
        return fail(errc::not_found,
                    fmt::format("{}/{} is missing", files.absolute(folder), layout::privkey));
    }
    // We wrote these texts ourselves, so they are compared as text: parsing each certificate twice costs
    // more.
    const parts expected = parts_of(*full);
    if (*leaf != expected.leaf) {
        return set.broken("cert.pem is not the first certificate of fullchain.pem");
    }
    if (*rest != expected.rest) {
        return set.broken("chain.pem is not the rest of fullchain.pem");
    }
    if ((*key)->public_digest() != full->front().public_digest()) {
        return set.broken("the private key does not belong to the certificate");
    }
    stored_version version;
    version.number = number;
    version.chain = std::move(*full);
    return checked_set{std::move(version), std::move(**key)};
}

result<std::vector<unsigned>> version_numbers(const store& files, std::string_view certificate) {
    auto names = files.list(layout::versions(certificate));
    if (!names) {
        return fail(std::move(names.error()));
    }
    std::vector<unsigned> numbers;
    for (const std::string& name : *names) {
        if (auto number = layout::parse_version_name(name)) {
            numbers.push_back(*number);
        }
    }
    std::ranges::sort(numbers);
    return numbers;
}

/// 0 if there is no link; errc::corrupted if it leads elsewhere.
result<unsigned> live_number(const store& files, std::string_view certificate) {
    auto target = files.read_link(layout::live(certificate));
    if (!target) {
        return fail(std::move(target.error()));
    }
    if (!*target) {
        return 0U;
    }
    if (auto number = layout::version_of(certificate, **target)) {
        return *number;
    }
    return fail(errc::corrupted,
                fmt::format("{} does not lead to a version of this certificate",
                            files.absolute(layout::live(certificate))),
                **target);
}

result<checked_set> load_set(const store& files, std::string_view certificate, unsigned number) {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    auto set = read_set(files, layout::version(certificate, number), number);
    if (set || set.error().code != errc::not_found) {
        return set;
    }
    // A missing file in a version that exists is damage.
    auto numbers = version_numbers(files, certificate);
    if (numbers && std::ranges::binary_search(*numbers, number)) {
        return fail(errc::corrupted, std::move(set.error().message));
    }
    return fail(errc::not_found, fmt::format("there is no version {} of {}", number, certificate));
}

stored_file named(std::string_view name, std::string contents, unsigned mode) {
    stored_file file;
    file.name = name;
    file.contents = std::move(contents);
    file.mode = mode;
    return file;
}

std::vector<stored_file> files_of(const std::vector<crypto::certificate>& chain, const crypto::key& key) {
    parts of = parts_of(chain);
    std::vector<stored_file> files;
    files.reserve(4); // growing would leave copies of the key behind
    files.push_back(named(layout::cert, std::move(of.leaf), 0600));
    files.push_back(named(layout::chain, std::move(of.rest), 0600));
    files.push_back(named(layout::fullchain, crypto::to_pem(chain), 0600));
    crypto::secret pem = key.to_pem();
    files.push_back(named(layout::privkey, std::string(pem.view()), 0600));
    return files;
}

/// The pair was checked before it was written, so reading the same bytes proves as much as checking it again.
result<void> comes_back(store& files, const std::string& folder, const std::vector<stored_file>& written) {
    const set_reader set(files, folder);
    for (const stored_file& file : written) {
        auto read = set.text(file.name);
        const bool same_bytes = read && *read == file.contents;
        if (read) {
            crypto::wipe(*read);
        }
        if (!same_bytes) {
            // A failing disk. Nobody may take it for a version.
            [[maybe_unused]] auto gone = files.remove(folder);
            return fail(errc::corrupted, fmt::format("{}/{} was written, but did not come back as it was",
                                                     files.absolute(folder), file.name));
        }
    }
    return {};
}

} // namespace

result<stored_version> repository::stage(std::string_view certificate,
                                         const std::vector<crypto::certificate>& chain,
                                         const crypto::key& key) {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    if (chain.empty() || chain.front().public_digest() != key.public_digest()) {
        return fail(errc::invalid_argument,
                    fmt::format("a version of {} was to be stored whose key does not fit its certificate",
                                certificate));
    }
    auto numbers = version_numbers(files_, certificate);
    if (!numbers) {
        return fail(std::move(numbers.error()));
    }
    unsigned highest = numbers->empty() ? 0 : numbers->back();
    // A dangling link keeps its number too: a new version must not become live by being written.
    if (auto live = live_number(files_, certificate); live) {
        highest = std::max(highest, *live);
    }

    std::string folder = layout::version(certificate, highest + 1);
    std::vector<stored_file> files = files_of(chain, key);
    auto written = files_.write_set(folder, files);
    auto intact = written ? comes_back(files_, folder, files) : std::move(written);
    crypto::wipe(files.back().contents);
    if (!intact) {
        return fail(std::move(intact.error()));
    }
    stored_version stored;
    stored.number = highest + 1;
    stored.chain = chain;
    return stored;
}

result<stored_version> repository::load(std::string_view certificate, unsigned version) const {
    auto set = load_set(files_, certificate, version);
    if (!set) {
        return fail(std::move(set.error()));
    }
    return std::move(set->version);
}

result<crypto::key> repository::load_key(std::string_view certificate, unsigned version) const {
    auto set = load_set(files_, certificate, version);
    if (!set) {
        return fail(std::move(set.error()));
    }
    return std::move(set->key);
}

result<void> repository::make_live(std::string_view certificate, unsigned version, bool just_staged) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    if (!just_staged) {
        if (auto complete = load(certificate, version); !complete) {
            return fail(std::move(complete.error()));
        }
    }
    return files_.switch_link(layout::live(certificate), layout::version(certificate, version));
}

inventory repository::look(std::string_view certificate) const {
    inventory found;
    try {
        auto tell = [&](const error& what) {
            if (!found.trouble.empty()) {
                found.trouble += "; ";
            }
            found.trouble += what.text();
        };
        if (auto safe = check_name(certificate); !safe) {
            tell(safe.error());
            return found;
        }
        if (auto numbers = version_numbers(files_, certificate)) {
            found.versions = std::move(*numbers);
        } else {
            tell(numbers.error());
        }
        auto number = live_number(files_, certificate);
        if (!number) {
            tell(number.error());
        } else if (*number != 0) {
            if (auto live = load(certificate, *number)) {
                found.live = std::move(*live);
            } else {
                tell(live.error().within(fmt::format("live version {}", *number)));
            }
        }
    } catch (const std::exception& e) {
        found.live.reset();
        found.trouble = fmt::format("cannot look at {}: {}", certificate, e.what());
    }
    return found;
}

result<void> repository::prune(std::string_view certificate, unsigned keep, unsigned also) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    // Without knowing what is live nothing may go.
    auto live = live_number(files_, certificate);
    if (!live) {
        return fail(std::move(live.error()));
    }
    auto numbers = version_numbers(files_, certificate);
    if (!numbers) {
        return fail(std::move(numbers.error()));
    }
    std::size_t old = numbers->size() > keep ? numbers->size() - keep : 0;
    for (unsigned number : *numbers | std::views::take(old)) {
        if (number == *live || number == also) {
            continue;
        }
        if (auto gone = files_.remove(layout::version(certificate, number)); !gone) {
            return gone;
        }
    }
    return {};
}

std::string repository::live_directory(std::string_view certificate) const {
    return files_.absolute(layout::live(certificate));
}

} // namespace evercert::storage
