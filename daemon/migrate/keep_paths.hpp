#pragma once
// certbot's live files as links to ours, so that servers go on reading them where they do now.
#include "core/base/error.hpp"
#include "daemon/migrate/tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

struct kept_lineage {
    std::string lineage;
    std::string live_directory; ///< of its entry, absolute
    std::string suffix;         ///< as file_suffix
};

inline constexpr const char* put_aside = ".imported-by-evercert"; ///< behind a renewal configuration
inline constexpr const char* links_before =
    ".before-evercert"; ///< behind live/<lineage>: the links as they were

/// Keeps the links of live/<lineage> in a folder beside it, points each of the four at our file by one
/// rename, and puts the renewal configuration aside, so that certbot lets go of it. Nothing is changed unless
/// all of our files can be read; what fails on the way is taken back.
result<void> switch_paths(const certbot_tree& tree, const kept_lineage& what);

/// Who besides root reads the key of a lineage where it lies now, and could not in data_dir: "everybody",
/// "group ssl-cert"; empty: nobody.
std::string other_readers(const certbot_tree& tree, const std::string& lineage);

/// Lineages that a switch was broken off for: certbot has let go of them, but servers still read its files.
std::vector<std::string> half_switched(const certbot_tree& tree);
/// Gives a lineage back to certbot as it was, however far the switch had come.
result<void> switch_back(const certbot_tree& tree, const std::string& lineage);

/// A word of a shell's command, in quotes where it needs them.
std::string shell_word(std::string_view text);

/// The commands that undo it.
std::string way_back(const certbot_tree& tree);

} // namespace evercert::daemon
