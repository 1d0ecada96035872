// The versions part of the repository: staging, checking, switching, pruning.
#include "core/base/text.hpp"
#include "core/crypto/digest.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"
#include "core/store/version_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace evercert::storage {
namespace {

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

} // namespace

result<stored_version> repository::stage(std::string_view certificate, const std::vector<key_pair>& pairs) {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    if (const auto fit = check_pairs(pairs); !fit) {
        return fail(errc::invalid_argument, fmt::format("a version of {} was to be stored, but {}",
                                                        certificate, fit.error().message));
    }
    auto numbers = version_numbers(files_, certificate);
    if (!numbers) {
        return fail(std::move(numbers.error()));
    }
    unsigned highest = numbers->empty() ? 0 : numbers->back();
    // A dangling link keeps its number too: a new version must not become live by being written.
    if (const auto live = live_number(files_, certificate)) {
        highest = std::max(highest, *live);
    }
    stored_version stored;
    stored.number = highest + 1;
    stored.pairs = in_stored_order(pairs);
    // The pairs were checked before they are written, so that the same bytes are there proves as much as
    // checking them again; that is looked at before the set appears.
    std::vector<stored_file> files = files_of(certificate, stored.pairs);
    auto written = files_.write_set(layout::version(certificate, stored.number), files);
    wipe_keys(files);
    if (!written) {
        return fail(std::move(written.error()));
    }
    return stored;
}

result<stored_version> repository::load(std::string_view certificate, unsigned version) const {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    auto pairs = read_pairs(files_, layout::version(certificate, version));
    if (pairs) {
        return stored_version{version, std::move(*pairs)};
    }
    if (pairs.error().code != errc::not_found) {
        return fail(std::move(pairs.error()));
    }
    // A missing file in a version that exists is damage.
    const auto numbers = version_numbers(files_, certificate);
    if (numbers && std::ranges::binary_search(*numbers, version)) {
        return fail(errc::corrupted, std::move(pairs.error().message));
    }
    return fail(errc::not_found, fmt::format("there is no version {} of {}", version, certificate));
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
    auto numbers = version_numbers(files_, certificate);
    if (!numbers) {
        return fail(std::move(numbers.error()));
    }
    if (numbers->size() <= keep) {
        return {};
    }
    // Without knowing what is live nothing may go.
    auto live = live_number(files_, certificate);
    if (!live) {
        return fail(std::move(live.error()));
    }
    for (unsigned number : *numbers | std::views::take(numbers->size() - keep)) {
        if (number == *live || number == also) {
            continue;
        }
        if (auto gone = files_.remove(layout::version(certificate, number)); !gone) {
            return gone;
        }
    }
    return {};
}

result<unsigned> repository::live_version(std::string_view certificate) const {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    return live_number(files_, certificate);
}

std::string repository::live_directory(std::string_view certificate) const {
    return files_.absolute(layout::live(certificate));
}

version_facts facts_of(const stored_version& version) {
    version_facts facts;
    facts.number = version.number;
    // All leaves are for the same names. They come sorted by kind first, here only the text counts.
    if (const auto names = version.leaf().names()) {
        std::vector<std::string> values;
        std::ranges::transform(*names, std::back_inserter(values), &identifier::value);
        std::ranges::sort(values);
        facts.names = join(values, ",");
    }
    for (const key_pair& pair : version.pairs) {
        const crypto::certificate& leaf = pair.chain.front();
        std::vector<std::string> crls = leaf.crl_urls();
        facts.leaves.push_back(leaf_facts{.key = pair.key.type(),
                                          .fingerprint = leaf.fingerprint(),
                                          .serial = leaf.serial(),
                                          .key_digest = crypto::hex(pair.key.public_digest()),
                                          .issuer_name = leaf.issuer_common_name(),
                                          .authority_id = leaf.authority_key_id(),
                                          .crl_url = crls.empty() ? std::string() : std::move(crls.front()),
                                          .not_before = leaf.not_before(),
                                          .not_after = leaf.not_after()});
    }
    return facts;
}

} // namespace evercert::storage
