#pragma once
#include <string>
#include <string_view>

namespace evercert::backends {

/// Names of things being written. They are never listed, and refused as paths. What a dead process left under
/// such a name is swept.
inline constexpr std::string_view leftover_prefix = ".tmp-";

/// A fresh name that starts with leftover_prefix, and is no leftover as long as this lives.
class temporary_name {
public:
    temporary_name();
    ~temporary_name();
    temporary_name(const temporary_name&) = delete;
    temporary_name& operator=(const temporary_name&) = delete;

    /// Another name, because something of this one is there already.
    void change();
    [[nodiscard]] const std::string& text() const noexcept { return name_; }
    [[nodiscard]] const char* c_str() const noexcept { return name_.c_str(); }

private:
    std::string name_;
};

/// Whether what has this name can be removed: it has the prefix, and nothing in this process is writing it.
[[nodiscard]] bool is_leftover(const std::string& name);

} // namespace evercert::backends
