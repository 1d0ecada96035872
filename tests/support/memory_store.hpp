#pragma once
// A store in memory. Its mutating calls (write, write_set, append, switch_link, remove) can be made to fail
// by script, and what the "disk" held after each of them can be kept, so that a test can go on from any of
// these as after a crash.
#include "core/ports/store.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace evercert::testing {

class memory_store : public store {
public:
    struct file {
        std::string contents;
        unsigned mode = 0600;
        friend bool operator==(const file&, const file&) = default;
    };
    /// Everything a disk would hold. Folders exist as far as something lies in them.
    struct image {
        std::map<std::string, file> files;
        std::map<std::string, std::string> links;
        friend bool operator==(const image&, const image&) = default;
    };

    memory_store() = default;
    explicit memory_store(image disk) : disk_(std::move(disk)) {}

    // Scripting. `nth` counts mutating calls from now, the next one is 1.
    /// That call fails and changes nothing; with `applied` it changes what it should and says that it failed,
    /// as when the last fsync goes wrong.
    void fail_call(unsigned nth, errc code = errc::io, bool applied = false);
    /// From the nth on every mutating call fails, until heal(): a full disk.
    void fail_from(unsigned nth, errc code = errc::no_space);
    void heal();
    /// Mutating calls so far, failed ones too.
    [[nodiscard]] unsigned mutations() const;

    /// The disk now.
    [[nodiscard]] image snapshot() const;
    /// Goes on from another disk; scripts and counts stay.
    void restore(image disk);
    /// Begins to keep history, with the disk as it is now.
    void record();
    /// The disk at record() and after each mutating call that changed it, from oldest to newest.
    [[nodiscard]] std::vector<image> history() const;

    // What no store does by itself: damage.
    void put(const std::string& path, std::string contents, unsigned mode = 0600);
    void put_link(const std::string& path, std::string target);
    /// Removes one file without a trace in the counts.
    void lose(const std::string& path);

    result<std::optional<std::string>> read(std::string_view path,
                                            std::size_t limit = 1024 * 1024) const override;
    result<void> write(std::string_view path, std::string_view contents, unsigned mode = 0600,
                       std::string_view beside = {}) override;
    result<void> write_set(std::string_view directory, const std::vector<stored_file>& files) override;
    result<std::uint64_t> append(std::string_view path, std::string_view text, unsigned mode = 0600) override;
    result<void> switch_link(std::string_view link, std::string_view target) override;
    result<std::optional<std::string>> read_link(std::string_view link) const override;
    result<std::vector<std::string>> list(std::string_view directory) const override;
    result<void> remove(std::string_view path) override;
    std::string absolute(std::string_view path) const override { return "/memory/" + std::string(path); }

private:
    template <class Change>
    result<void> mutate(std::string_view what, Change change);
    bool is_folder(std::string_view path) const;

    mutable std::mutex mutex_; ///< workers may call from their threads
    image disk_;
    std::vector<image> after_;
    bool recording_ = false;
    unsigned calls_ = 0;
    unsigned fail_at_ = 0;
    bool fail_on_ = false; ///< and all after it
    bool applied_ = false;
    errc code_ = errc::io;
};

} // namespace evercert::testing
