#pragma once
// A data_dir deep inside a folder of traps: whatever is changed outside of it, or in it beyond the documented
// layout, is told.
#include "core/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::testing {

/// Everything below a folder, by relative path.
struct tree_node {
    unsigned mode = 0;           ///< with the type
    std::string contents;        ///< or where a link leads
    std::int64_t changed_ns = 0; ///< of the entry; a folder's tells files that came and went
    friend bool operator==(const tree_node&, const tree_node&) = default;
};
using tree = std::map<std::string, tree_node>;
/// `skip` is left out with all below it.
tree tree_below(const std::string& folder, const std::string& skip = {});

/// One certificate, from the issuer "ca".
inline constexpr std::string_view guarded_name = "a.example";

class guarded_folder {
public:
    /// The working directory lies among the traps too, until the end.
    guarded_folder();
    ~guarded_folder();
    guarded_folder(const guarded_folder&) = delete;
    guarded_folder& operator=(const guarded_folder&) = delete;

    [[nodiscard]] std::string data_dir() const { return data_; }
    /// An absolute path among the traps where nothing is.
    [[nodiscard]] std::string bait() const { return around_ + "/evil"; }

    /// data_dir holds exactly this, without a lock.
    void fill(const tree& what);
    [[nodiscard]] tree data() const { return tree_below(data_); }
    /// What is wrong with the files, one after another; empty if all is well: nothing outside was touched
    /// since it was last looked at, `data` has only what the layout documents, version 1 is as it was in
    /// `before`, and each other version is whole, fits its key and is good at `now`; one of them is live.
    [[nodiscard]] std::string trouble(const tree& data, const tree& before, wall_time now);

private:
    std::string around_;
    std::string data_;
    std::filesystem::path old_place_;
    tree outside_;
    tree elsewhere_; ///< places that hostile texts name
};

} // namespace evercert::testing
