#include "tests/simulation/disk.hpp"

#include <algorithm>

namespace evercert::simulation {
namespace {

/// 64 digits, as many as a real one has.
std::string fingerprint_of(const chain_text& leaf) {
    const std::string part = to_hex(leaf.serial);
    std::string text;
    text.reserve(64);
    text.append(part).append(part).append(part).append(part);
    return text.append(8, '0');
}

storage::leaf_facts facts_of_leaf(const stored_leaf& stored) {
    storage::leaf_facts facts;
    facts.key = stored.key;
    facts.fingerprint = fingerprint_of(stored.leaf);
    facts.serial = to_hex(stored.leaf.serial);
    facts.key_digest = to_hex(stored.leaf.key);
    facts.issuer_name = "CA";
    facts.authority_id = authority_id(stored.leaf.ca);
    if (stored.leaf.has_crl) {
        facts.crl_url = crl_url(stored.leaf.ca);
    }
    facts.not_before = stored.leaf.not_before;
    facts.not_after = stored.leaf.not_after;
    return facts;
}

} // namespace

wall_time disk_version::not_after() const {
    return std::ranges::min(leaves, {}, [](const stored_leaf& one) { return one.leaf.not_after; })
        .leaf.not_after;
}

const disk_version* shelf::find(unsigned number) const {
    const auto at = std::ranges::find(versions, number, &disk_version::number);
    return at == versions.end() ? nullptr : &*at;
}

disk::disk(const population& who, std::vector<sim_ca*> cas, random_source& random, live_listener on_live)
    : shelves_(who.certificates.size()), cas_(std::move(cas)), random_(random), on_live_(std::move(on_live)) {
    for (std::size_t i = 0; i < shelves_.size(); ++i) {
        shelves_[i].names = lifecycle::names_key(who.certificates[i]->names);
    }
}

void disk::put_before_the_start(unsigned certificate, const std::string& issuer, std::string profile,
                                const chain_text& leaf, key_type key) {
    shelf& mine = shelves_[certificate];
    if (mine.versions.empty()) {
        mine.versions.push_back({1, {}});
    }
    mine.versions.front().leaves.push_back({leaf, key});
    mine.live = 1;
    storage::job_record record;
    record.issuer = issuer;
    record.profile = std::move(profile);
    record.live = facts_of(mine, mine.versions.front());
    record.deployed = record.live->first().fingerprint;
    record.last_success = leaf.not_before;
    mine.job = std::move(record);
}

storage::version_facts disk::facts_of(const shelf& from, const disk_version& version) const {
    storage::version_facts facts;
    facts.number = version.number;
    facts.names = from.names;
    facts.leaves.reserve(version.leaves.size());
    for (const stored_leaf& leaf : version.leaves) {
        facts.leaves.push_back(facts_of_leaf(leaf));
    }
    return facts;
}

storage::job_record disk::through_json(const storage::job_record& record) {
    ++through_json_;
    storage::job_record expected = record;
    if (expected.live) {
        expected.live->just_staged = false;
    }
    const std::string text = storage::to_json(record);
    auto parsed = storage::job_from_json(text);
    if (!parsed || !(*parsed == expected)) {
        ++garbled_;
        if (garbled_example_.empty()) {
            garbled_example_ = parsed ? text + "\n  comes back as\n" + storage::to_json(*parsed)
                                      : text + "\n  " + parsed.error().text();
        }
    }
    return parsed ? std::move(*parsed) : expected;
}

/// Of small installations each record is read as text; of large ones so many that text does not become the
/// most of a simulated year: one in this many.
std::uint64_t disk::share() const {
    constexpr std::uint64_t enough = 2000;
    return shelves_.size() / enough + 1;
}

const storage::job_record* disk::read(shelf& from) {
    if (!from.job) {
        return nullptr;
    }
    if (from.read_in_life != life) {
        from.read_in_life = life;
        if (reads_++ % share() == 0) {
            from.job = through_json(*from.job);
        }
    }
    return &*from.job;
}

// ---- the vault

shelf& sim_vault::at(std::string_view certificate) const {
    return disk_.shelves_.at(number_of(certificate).value());
}

template <class Change>
std::invoke_result_t<Change> sim_vault::write(Change change) {
    if (!machine_->on()) {
        return fail(errc::io, "the machine is off");
    }
    if (machine_->dies_now()) {
        if (disk_.random_.between(0, 1) == 1) {
            (void)change();
        }
        return fail(errc::io, "the machine is off");
    }
    if (disk_.full) {
        return fail(errc::no_space, "the disk is full");
    }
    return change();
}

result<lifecycle::inspection> sim_vault::inspect(std::string_view certificate) const {
    shelf& mine = at(certificate);
    const storage::job_record* record = disk_.read(mine);
    const auto facts = [&](unsigned number) -> std::optional<storage::version_facts> {
        const disk_version* version = mine.find(number);
        return version != nullptr ? std::optional(disk_.facts_of(mine, *version)) : std::nullopt;
    };
    std::vector<unsigned> versions;
    for (const disk_version& version : mine.versions) {
        versions.push_back(version.number);
    }
    lifecycle::inspection found;
    found.seen = lifecycle::take_stock(record != nullptr ? std::optional(*record) : std::nullopt,
                                       facts(mine.live), versions, facts);
    return found;
}

result<std::optional<storage::job_record>> sim_vault::glance(std::string_view certificate) const {
    shelf& mine = at(certificate);
    const storage::job_record* record = disk_.read(mine);
    if (record == nullptr) {
        return std::nullopt;
    }
    storage::job_record seen = *record;
    lifecycle::check_against_link(seen, mine.live);
    return seen;
}

result<lifecycle::prepared_key> sim_vault::prepare_key(const lifecycle::key_request& wanted) {
    shelf& mine = at(wanted.certificate);
    std::uint64_t& pending = mine.pending_keys[static_cast<std::size_t>(wanted.type)];
    const auto usable = [&](std::uint64_t key) {
        return key != 0 && (wanted.barred.empty() ||
                            std::ranges::find(wanted.barred, to_hex(key)) == wanted.barred.end());
    };
    std::uint64_t chosen = 0;
    if (!wanted.recorded.empty() && usable(pending) && to_hex(pending) == wanted.recorded) {
        chosen = pending;
    } else if (const disk_version* kept = wanted.reuse != 0 ? mine.find(wanted.reuse) : nullptr) {
        for (const stored_leaf& leaf : kept->leaves) {
            chosen = leaf.key == wanted.type && usable(leaf.leaf.key) ? leaf.leaf.key : chosen;
        }
    }
    chosen = chosen != 0 ? chosen : disk_.make_key();
    lifecycle::prepared_key prepared;
    prepared.digest = to_hex(chosen);
    prepared.csr = prepared.digest;
    if (prepared.digest != wanted.recorded) {
        auto saved = write([&]() -> result<void> {
            pending = chosen;
            return {};
        });
        if (!saved) {
            return fail(saved.error());
        }
    }
    return prepared;
}

result<lifecycle::kept_version> sim_vault::keep(std::string_view certificate,
                                                const std::vector<identifier>& names,
                                                const std::vector<lifecycle::issued_chain>& chains,
                                                wall_time now, bool live) {
    shelf& mine = at(certificate);
    disk_version fresh;
    fresh.number = mine.versions.empty() ? 1 : mine.versions.back().number + 1;
    for (const lifecycle::issued_chain& chain : chains) {
        const auto leaf = chain_text::parse(chain.pem);
        if (!leaf) {
            return fail(errc::parse, "that is no chain");
        }
        const std::uint64_t pending = mine.pending_keys[static_cast<std::size_t>(chain.key)];
        if (to_hex(pending) != chain.key_digest) {
            return fail(errc::corrupted, "the key of the order is not on disk any more");
        }
        const bool ours = leaf->key == pending && leaf->certificate == number_of(certificate) &&
                          names.size() == count_of_names(leaf->certificate);
        const bool in_time = leaf->not_before <= now + std::chrono::hours(1) && leaf->not_after > now;
        if (!ours || !in_time) {
            disk_.cas_[leaf->ca]->note_outcome(leaf->serial, false);
            return ours ? fail(errc::out_of_time, "the certificate is not valid now")
                        : fail(errc::refused, "the certificate is not ours");
        }
        fresh.leaves.push_back({*leaf, chain.key});
    }
    auto kept = write([&]() -> result<lifecycle::kept_version> {
        for (const stored_leaf& one : fresh.leaves) {
            disk_.cas_[one.leaf.ca]->note_outcome(one.leaf.serial, true);
        }
        mine.versions.push_back(std::move(fresh));
        lifecycle::kept_version stored{disk_.facts_of(mine, mine.versions.back())};
        stored.facts.just_staged = true;
        return stored;
    });
    if (kept && live) {
        kept->live = make_live(certificate, kept->facts.number, true).has_value();
    }
    return kept;
}

result<void> sim_vault::make_live(std::string_view certificate, unsigned version, bool) {
    shelf& mine = at(certificate);
    const disk_version* target = mine.find(version);
    if (target == nullptr) {
        return fail(errc::not_found, "there is no such version");
    }
    return write([&]() -> result<void> {
        if (mine.live != version) {
            disk_.on_live_(*number_of(certificate), mine.live_version(), *target);
            mine.live = version;
        }
        return {};
    });
}

result<void> sim_vault::tidy(std::string_view certificate, unsigned keep, unsigned also) {
    return write([&]() -> result<void> {
        shelf& mine = at(certificate);
        mine.pending_keys.fill(0);
        const unsigned newest = mine.versions.empty() ? 0 : mine.versions.back().number;
        std::erase_if(mine.versions, [&](const disk_version& one) {
            return one.number + keep <= newest && one.number != mine.live && one.number != also;
        });
        return {};
    });
}

result<void> sim_vault::save_job(std::string_view certificate, const storage::job_record& record) {
    constexpr std::uint64_t sample = 200;
    return write([&]() -> result<void> {
        std::optional<storage::job_record>& job = at(certificate).job;
        if (++disk_.saves_ % (sample * disk_.share()) == 0) {
            job = disk_.through_json(record);
        } else {
            job = record;
        }
        return {};
    });
}

result<std::vector<std::string>> sim_vault::leaves(std::string_view certificate, unsigned version) const {
    const disk_version* stored = at(certificate).find(version);
    if (stored == nullptr) {
        return fail(errc::not_found, "there is no such version");
    }
    std::vector<std::string> fingerprints;
    for (const stored_leaf& one : stored->leaves) {
        fingerprints.push_back(fingerprint_of(one.leaf));
    }
    return fingerprints;
}

result<lifecycle::kept_leaf> sim_vault::load_leaf(std::string_view certificate, unsigned version,
                                                  std::string_view fingerprint) const {
    if (const disk_version* stored = at(certificate).find(version)) {
        for (const stored_leaf& one : stored->leaves) {
            if (fingerprint_of(one.leaf) == fingerprint) {
                return lifecycle::kept_leaf{one.leaf.text(), above_, any_key_};
            }
        }
    }
    return fail(errc::not_found, "no version has it");
}

std::string sim_vault::live_directory(std::string_view certificate) const {
    return "/live/" + std::string(certificate);
}

result<std::vector<std::string>> sim_vault::recorded() const {
    std::vector<std::string> names;
    for (unsigned i = 0; i < disk_.shelves_.size(); ++i) {
        if (disk_.shelves_[i].job) {
            names.push_back(certificate_name(i));
        }
    }
    return names;
}

} // namespace evercert::simulation
