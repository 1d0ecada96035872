#pragma once
// The store's inside, in three parts: filesystem_store.cpp changes the disk, filesystem_reading.cpp looks at
// it, filesystem_append.cpp writes what may be lost.
#include "core/backends/data_folder.hpp"
#include "core/backends/durable.hpp"
#include "core/ports/store.hpp"

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace evercert::backends {

/// The folder that a change happens in, and those above it that got a new entry on the way.
struct place {
    unique_fd folder;
    std::string name;
    std::vector<std::pair<unique_fd, std::string>> changed; ///< and their paths
};

class filesystem_store final : public store {
public:
    explicit filesystem_store(data_folder data) : data_(std::move(data)) {}

    result<std::optional<std::string>> read(std::string_view path, std::size_t limit) const override;
    result<void> write(std::string_view path, std::string_view contents, unsigned mode,
                       std::string_view beside) override;
    result<void> write_set(std::string_view directory, const std::vector<stored_file>& files) override;
    result<std::uint64_t> append(std::string_view path, std::string_view text, unsigned mode) override;
    result<void> switch_link(std::string_view link, std::string_view target) override;
    result<std::optional<std::string>> read_link(std::string_view link) const override;
    result<std::vector<std::string>> list(std::string_view directory) const override;
    result<void> remove(std::string_view path) override;
    std::string absolute(std::string_view path) const override {
        return path.empty() ? data_.path : fmt::format("{}/{}", data_.path == "/" ? "" : data_.path, path);
    }

private:
    int root() const { return data_.folder.get(); }
    shown_path shown(std::string_view path) const { return shown_path(data_.path, path); }
    result<unique_fd> open_parent(const std::string& parent) const;
    result<place> make_place(std::string_view path);
    result<void> settle_top(std::string_view name);
    result<void> make_durable(const place& where, std::string_view path) const;
    result<unique_fd> open_to_append(std::string_view path, unsigned mode);

    data_folder data_;
    std::mutex top_;
    std::set<std::string, std::less<>> settled_; ///< folders in the root that are known to be on the disk
};

/// check_path, and not the store's own lock file.
result<void> check_own(std::string_view path);

} // namespace evercert::backends
