#pragma once
// A whole terminal, to be drawn on again and again, and the keys pressed there.
#include "core/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::daemon {

/// How a line stands out; what it means is always said in its text too.
enum class look : std::uint8_t { plain, strong, bad, busy, soft };

struct screen_line {
    std::string text; ///< safe to print, not wider than the screen
    look how = look::plain;
};

enum class key_kind : std::uint8_t {
    character,
    enter,
    backspace,
    escape,
    up,
    down,
    page_up,
    page_down,
    home,
    end,
    resized, ///< no key: the screen has another size now
    quit,    ///< Ctrl-C, or a signal that ends the program
};
struct key {
    key_kind kind = key_kind::character;
    char character = 0;
};

class screen {
public:
    virtual ~screen() = default;
    [[nodiscard]] virtual std::size_t rows() const = 0;
    [[nodiscard]] virtual std::size_t columns() const = 0;
    virtual void draw(const std::vector<screen_line>& lines) = 0;
    /// The next key, if one comes within that time.
    virtual std::optional<key> wait_key(milliseconds how_long) = 0;
};

/// The terminal on standard input and output: its other screen, without echo, until it is destroyed, also by
/// SIGTERM, SIGHUP and SIGINT, which come as key_kind::quit. Null if there is no terminal on both. One at a
/// time.
std::unique_ptr<screen> open_terminal();

} // namespace evercert::daemon
