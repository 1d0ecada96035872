#pragma once
// What the daemon has on its disk, as far as certificates go, and the vault that the engine reaches it by.
// Keys are numbers and chains are chain_text, but job records are what they are: they go through JSON
// whenever a daemon starts, and one save in two hundred does at once.
#include "core/lifecycle/vault.hpp"
#include "tests/simulation/ca.hpp"
#include "tests/simulation/power.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::simulation {

struct stored_leaf {
    chain_text leaf;
    key_type key = key_type::ecdsa_p256;
};

struct disk_version {
    unsigned number = 0;
    std::vector<stored_leaf> leaves;
    [[nodiscard]] wall_time not_after() const;
};

/// All of one certificate.
struct shelf {
    std::string names;                  ///< as version_facts::names
    std::vector<disk_version> versions; ///< ascending
    unsigned live = 0;
    std::array<std::uint64_t, 6> pending_keys{}; ///< by key type; 0: none
    std::optional<storage::job_record> job;
    unsigned read_in_life = 0; ///< of the daemon

    [[nodiscard]] const disk_version* find(unsigned number) const;
    [[nodiscard]] const disk_version* live_version() const { return find(live); }
};

/// Survives the daemon.
class disk {
public:
    /// Called when the live link moves: what was there, if anything, and what is.
    using live_listener =
        std::function<void(unsigned certificate, const disk_version* before, const disk_version& now)>;

    disk(const population& who, std::vector<sim_ca*> cas, random_source& random, live_listener on_live);

    bool full = false;
    unsigned life = 0; ///< counts starts of the daemon

    /// A certificate from before the simulated year: version 1, live, deployed, with the record that belongs
    /// to it.
    void put_before_the_start(unsigned certificate, const std::string& issuer, std::string profile,
                              const chain_text& leaf, key_type key);
    std::uint64_t make_key() noexcept { return ++keys_; }

    [[nodiscard]] const std::vector<shelf>& shelves() const noexcept { return shelves_; }
    /// Records that came back from JSON as something else than was written; an example.
    [[nodiscard]] std::uint64_t garbled_records() const noexcept { return garbled_; }
    [[nodiscard]] const std::string& garbled_example() const noexcept { return garbled_example_; }
    [[nodiscard]] std::uint64_t saves() const noexcept { return saves_; }
    [[nodiscard]] std::uint64_t records_through_json() const noexcept { return through_json_; }

private:
    friend class sim_vault;
    [[nodiscard]] storage::version_facts facts_of(const shelf& from, const disk_version& version) const;
    [[nodiscard]] std::uint64_t share() const;
    storage::job_record through_json(const storage::job_record& record);
    /// As a daemon reads it; nullptr if there is none.
    const storage::job_record* read(shelf& from);

    std::vector<shelf> shelves_;
    std::vector<sim_ca*> cas_;
    random_source& random_;
    live_listener on_live_;
    std::uint64_t keys_ = 0;
    std::uint64_t reads_ = 0;
    std::uint64_t saves_ = 0;
    std::uint64_t through_json_ = 0;
    std::uint64_t garbled_ = 0;
    std::string garbled_example_;
};

/// The disk as one life of the daemon reaches it.
class sim_vault final : public lifecycle::vault {
public:
    /// `above` stands for what signs all leaves and CRLs, `any_key` for every private key.
    sim_vault(disk& on, std::shared_ptr<power> machine, std::shared_ptr<const crypto::certificate> above,
              crypto::key any_key)
        : disk_(on), machine_(std::move(machine)), above_(std::move(above)), any_key_(std::move(any_key)) {}

    result<lifecycle::inspection> inspect(std::string_view certificate) const override;
    result<std::optional<storage::job_record>> glance(std::string_view certificate) const override;
    result<lifecycle::prepared_key> prepare_key(const lifecycle::key_request& wanted) override;
    result<lifecycle::kept_version> keep(std::string_view certificate, const std::vector<identifier>& names,
                                         const std::vector<lifecycle::issued_chain>& chains, wall_time now,
                                         bool live) override;
    result<void> make_live(std::string_view certificate, unsigned version, bool just_staged) override;
    result<void> tidy(std::string_view certificate, unsigned keep, unsigned also) override;
    result<void> save_job(std::string_view certificate, const storage::job_record& record) override;
    result<std::vector<std::string>> leaves(std::string_view certificate, unsigned version) const override;
    result<lifecycle::kept_leaf> load_leaf(std::string_view certificate, unsigned version,
                                           std::string_view fingerprint) const override;
    std::string live_directory(std::string_view certificate) const override;
    result<std::vector<std::string>> recorded() const override;

private:
    /// Runs a change of the disk, if the disk and the machine let it happen.
    template <class Change>
    std::invoke_result_t<Change> write(Change change);
    [[nodiscard]] shelf& at(std::string_view certificate) const;

    disk& disk_;
    std::shared_ptr<power> machine_;
    std::shared_ptr<const crypto::certificate> above_;
    crypto::key any_key_;
};

} // namespace evercert::simulation
