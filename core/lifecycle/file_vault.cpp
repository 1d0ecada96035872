#include "core/crypto/csr.hpp"
#include "core/crypto/digest.hpp"
#include "core/lifecycle/vault.hpp"
#include "core/store/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace evercert::lifecycle {
namespace {

class file_vault final : public vault {
public:
    explicit file_vault(storage::repository& files) : files_(files) {}

    result<inspection> inspect(std::string_view certificate) const override;
    result<std::optional<storage::job_record>> glance(std::string_view certificate) const override;
    result<prepared_key> prepare_key(const key_request& wanted) override;
    result<kept_version> keep(std::string_view certificate, const std::vector<identifier>& names,
                              const std::vector<issued_chain>& chains, wall_time now,
                              bool make_live) override;
    result<void> make_live(std::string_view certificate, unsigned version, bool just_staged) override {
        return files_.make_live(certificate, version, just_staged);
    }
    result<void> tidy(std::string_view certificate, unsigned keep, unsigned also) override;
    result<void> save_job(std::string_view certificate, const storage::job_record& record) override {
        return files_.save_job(certificate, record);
    }
    result<std::vector<std::string>> leaves(std::string_view certificate, unsigned version) const override;
    result<kept_leaf> load_leaf(std::string_view certificate, unsigned version,
                                std::string_view fingerprint) const override;
    std::string live_directory(std::string_view certificate) const override {
        return files_.live_directory(certificate);
    }
    result<std::vector<std::string>> recorded() const override { return files_.jobs(); }

private:
    /// Keys of orders under way, as prepared: reading them back for the version costs more than keeping them.
    class key_ring {
    public:
        void keep(std::string_view certificate, const crypto::key& key) {
            const std::scoped_lock lock(guard_);
            constexpr std::size_t most_keys = 256;
            if (keys_.size() >= most_keys) {
                keys_.clear(); // they are all on disk
            }
            keys_.insert_or_assign({std::string(certificate), key.type()}, key);
        }
        std::optional<crypto::key> take(std::string_view certificate, key_type type) {
            const std::scoped_lock lock(guard_);
            auto found = keys_.extract({std::string(certificate), type});
            return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
        }

    private:
        std::mutex guard_;
        std::map<std::pair<std::string, key_type>, crypto::key> keys_;
    };

    std::optional<version_facts> facts(std::string_view certificate, unsigned number) const;
    result<crypto::key> key_of_order(std::string_view certificate, const issued_chain& issued);
    result<crypto::key> choose_key(const key_request& wanted) const;

    storage::repository& files_;
    key_ring ring_;
    mutable std::mutex guard_;
    mutable std::set<std::string, std::less<>>
        garbled_; ///< records that were set aside and not told about yet
};

std::optional<version_facts> file_vault::facts(std::string_view certificate, unsigned number) const {
    auto version = files_.load(certificate, number);
    return version ? std::optional(storage::facts_of(*version)) : std::nullopt;
}

result<inspection> file_vault::inspect(std::string_view certificate) const {
    inspection found;
    bool garbled = false;
    auto job = files_.load_job(certificate, &garbled);
    if (!job) {
        return fail(std::move(job.error()));
    }
    {
        const std::scoped_lock lock(guard_);
        const auto known = garbled_.find(certificate);
        garbled = garbled || known != garbled_.end();
        if (known != garbled_.end()) {
            garbled_.erase(known);
        }
    }
    if (garbled) {
        found.trouble = "its job record was damaged and is rebuilt from the files";
    }
    const storage::inventory inventory = files_.look(certificate);
    if (!inventory.trouble.empty()) {
        found.trouble += (found.trouble.empty() ? "" : "; ") + inventory.trouble;
    }
    found.seen = take_stock(std::move(*job),
                            inventory.live ? std::optional(storage::facts_of(*inventory.live)) : std::nullopt,
                            inventory.versions, [&](unsigned number) { return facts(certificate, number); });
    return found;
}

result<std::optional<storage::job_record>> file_vault::glance(std::string_view certificate) const {
    bool garbled = false;
    auto job = files_.load_job(certificate, &garbled);
    if (!job) {
        return fail(std::move(job.error()));
    }
    if (garbled) {
        const std::scoped_lock lock(guard_);
        garbled_.emplace(certificate); // it was set aside: whoever inspects is still to be told
    }
    if (*job && (*job)->live) {
        const auto linked = files_.live_version(certificate);
        check_against_link(**job, linked ? std::optional(*linked) : std::nullopt);
    }
    return job;
}

/// The recorded key if it is still there, else the one to be reused, else none is found.
result<crypto::key> file_vault::choose_key(const key_request& wanted) const {
    const auto usable = [&](const crypto::key& key) {
        return key.type() == wanted.type &&
               std::ranges::find(wanted.barred, crypto::hex(key.public_digest())) == wanted.barred.end();
    };
    if (!wanted.recorded.empty()) {
        auto pending = files_.load_pending_key(wanted.certificate, wanted.type);
        if (pending && *pending && usable(**pending) &&
            crypto::hex((*pending)->public_digest()) == wanted.recorded) {
            return std::move(**pending);
        }
    }
    if (wanted.reuse != 0) {
        if (auto version = files_.load(wanted.certificate, wanted.reuse)) {
            for (storage::key_pair& pair : version->pairs) {
                if (usable(pair.key)) {
                    return std::move(pair.key);
                }
            }
        }
    }
    return crypto::key::generate(wanted.type);
}

result<prepared_key> file_vault::prepare_key(const key_request& wanted) {
    auto key = choose_key(wanted);
    if (!key) {
        return fail(std::move(key.error()));
    }
    prepared_key prepared;
    prepared.digest = crypto::hex(key->public_digest());
    if (prepared.digest != wanted.recorded) {
        if (auto saved = files_.save_pending_key(wanted.certificate, *key); !saved) {
            return fail(saved.error().within("the new key could not be stored"));
        }
    }
    auto csr = crypto::make_csr(*key, wanted.names);
    if (!csr) {
        return fail(std::move(csr.error()));
    }
    prepared.csr = std::move(*csr);
    ring_.keep(wanted.certificate, *key);
    return prepared;
}

/// The key that the order's CSR was made with.
result<crypto::key> file_vault::key_of_order(std::string_view certificate, const issued_chain& issued) {
    const auto fits = [&](const crypto::key& key) {
        return crypto::hex(key.public_digest()) == issued.key_digest;
    };
    if (auto kept = ring_.take(certificate, issued.key); kept && fits(*kept)) {
        return std::move(*kept);
    }
    auto stored = files_.load_pending_key(certificate, issued.key);
    if (!stored) {
        return fail(std::move(stored.error()));
    }
    if (!*stored || !fits(**stored)) {
        return fail(errc::corrupted,
                    fmt::format("the {} key of the order is not on disk any more", to_string(issued.key)));
    }
    return std::move(**stored);
}

result<kept_version> file_vault::keep(std::string_view certificate, const std::vector<identifier>& names,
                                      const std::vector<issued_chain>& chains, wall_time now,
                                      bool make_live) {
    std::vector<storage::key_pair> pairs;
    pairs.reserve(chains.size());
    for (const issued_chain& issued : chains) {
        auto key = key_of_order(certificate, issued);
        if (!key) {
            return fail(std::move(key.error()));
        }
        auto parsed = crypto::parse_pem_chain(issued.pem);
        if (!parsed) {
            return fail(std::move(parsed.error()));
        }
        const crypto::chain_expectation expected{
            .public_digest = key->public_digest(), .names = names, .now = now};
        auto checked = crypto::check_chain(std::move(*parsed), expected);
        if (!checked) {
            return fail(std::move(checked.error()));
        }
        pairs.push_back(storage::key_pair{std::move(*checked), std::move(*key)});
    }
    auto staged = files_.stage(certificate, pairs);
    if (!staged) {
        return fail(std::move(staged.error()));
    }
    kept_version kept;
    kept.facts = storage::facts_of(*staged);
    kept.facts.just_staged = true;
    // What keeps it from becoming live is met again, and told, where it is tried again.
    kept.live = make_live && files_.make_live(certificate, kept.facts.number, true);
    return kept;
}

result<void> file_vault::tidy(std::string_view certificate, unsigned keep, unsigned also) {
    if (auto dropped = files_.drop_pending_keys(certificate); !dropped) {
        return dropped;
    }
    return files_.prune(certificate, keep, also);
}

result<std::vector<std::string>> file_vault::leaves(std::string_view certificate, unsigned version) const {
    auto stored = files_.load(certificate, version);
    if (!stored) {
        return fail(std::move(stored.error()));
    }
    std::vector<std::string> all;
    for (const storage::key_pair& pair : stored->pairs) {
        all.push_back(pair.chain.front().fingerprint());
    }
    return all;
}

result<kept_leaf> file_vault::load_leaf(std::string_view certificate, unsigned version,
                                        std::string_view fingerprint) const {
    auto stored = files_.load(certificate, version);
    if (!stored) {
        return fail(std::move(stored.error()));
    }
    for (storage::key_pair& pair : stored->pairs) {
        if (pair.chain.front().fingerprint() == fingerprint) {
            auto above =
                pair.chain.size() > 1 ? std::make_shared<const crypto::certificate>(pair.chain[1]) : nullptr;
            return kept_leaf{pair.chain.front().der(), std::move(above), std::move(pair.key)};
        }
    }
    return fail(errc::not_found, fmt::format("version {} holds another certificate", version));
}

} // namespace

std::unique_ptr<vault> make_file_vault(storage::repository& files) {
    return std::make_unique<file_vault>(files);
}

} // namespace evercert::lifecycle
