#include "daemon/control/screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace evercert::daemon {
namespace {

volatile std::sig_atomic_t was_told_to_end = 0;
volatile std::sig_atomic_t was_resized = 0;

extern "C" void note_signal(int number) {
    if (number == SIGWINCH) {
        was_resized = 1;
    } else {
        was_told_to_end = 1;
    }
}

constexpr std::array watched{SIGTERM, SIGHUP, SIGINT, SIGWINCH};

void put(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return; // nobody looks any more; the signal that says so comes as a key
        }
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
}

/// Takes the first key off what was read, which is not empty: a paste holds many.
key take_key(std::string& bytes) {
    constexpr std::pair<std::string_view, key_kind> sequences[] = {
        {"\x1b[A", key_kind::up},   {"\x1bOA", key_kind::up},       {"\x1b[B", key_kind::down},
        {"\x1bOB", key_kind::down}, {"\x1b[5~", key_kind::page_up}, {"\x1b[6~", key_kind::page_down},
        {"\x1b[H", key_kind::home}, {"\x1b[1~", key_kind::home},    {"\x1b[F", key_kind::end},
        {"\x1b[4~", key_kind::end}, {"\x03", key_kind::quit},       {"\r", key_kind::enter},
        {"\n", key_kind::enter},    {"\x7f", key_kind::backspace},  {"\b", key_kind::backspace}};
    for (const auto& [sequence, kind] : sequences) {
        if (bytes.starts_with(sequence)) {
            bytes.erase(0, sequence.size());
            return {kind, 0};
        }
    }
    const char first = bytes.front();
    if (first != '\x1b') {
        bytes.erase(0, 1);
        return {key_kind::character, first};
    }
    // Of a key that is not known here nothing may be left over, or it would be typed.
    bytes.clear();
    return {key_kind::escape, 0};
}

class terminal_screen final : public screen {
public:
    explicit terminal_screen(const termios& before) : before_(before) {
        const char* const plain = std::getenv("NO_COLOR");
        colours_ = plain == nullptr || *plain == '\0';
        was_told_to_end = 0;
        was_resized = 0;
        struct sigaction how = {};
        how.sa_handler = note_signal; // without SA_RESTART: a wait for keys ends
        for (std::size_t i = 0; i < watched.size(); ++i) {
            ::sigaction(watched.at(i), &how, &handlers_.at(i));
        }
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
        raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
        put("\x1b[?1049h\x1b[?25l\x1b[?7l"); // the other screen, no cursor, no wrapping
        measure();
    }
    ~terminal_screen() override {
        put("\x1b[?7h\x1b[?25h\x1b[?1049l");
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < watched.size(); ++i) {
            ::sigaction(watched.at(i), &handlers_.at(i), nullptr);
        }
    }
    terminal_screen(const terminal_screen&) = delete;
    terminal_screen& operator=(const terminal_screen&) = delete;

    [[nodiscard]] std::size_t rows() const override { return rows_; }
    [[nodiscard]] std::size_t columns() const override { return columns_; }

    void draw(const std::vector<screen_line>& lines) override {
        std::string all = "\x1b[H";
        for (std::size_t i = 0; i < std::min(lines.size(), rows_); ++i) {
            all += i > 0 ? "\n" : "";
            all += style(lines[i].how);
            all += lines[i].text;
            all += "\x1b[0m\x1b[K";
        }
        put(all + "\x1b[J");
    }

    std::optional<key> wait_key(milliseconds how_long) override {
        if (!read_.empty() && was_told_to_end == 0) {
            return take_key(read_);
        }
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = was_told_to_end != 0 ? 0 : ::poll(&input, 1, static_cast<int>(how_long.count()));
        if (was_told_to_end != 0) {
            return key{key_kind::quit, 0};
        }
        if (was_resized != 0) {
            was_resized = 0;
            measure();
            return key{key_kind::resized, 0};
        }
        if (ready <= 0) {
            return std::nullopt;
        }
        std::array<char, 32> bytes{};
        const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (size <= 0) {
            return key{key_kind::quit, 0}; // the terminal has gone
        }
        read_.assign(bytes.data(), static_cast<std::size_t>(size));
        return take_key(read_);
    }

private:
    [[nodiscard]] std::string_view style(look how) const {
        switch (how) {
        case look::strong:
            return "\x1b[1m";
        case look::bad:
            return colours_ ? "\x1b[1;31m" : "\x1b[1m";
        case look::busy:
            return colours_ ? "\x1b[36m" : "";
        case look::soft:
            return "\x1b[2m";
        case look::plain:
            break;
        }
        return "";
    }

    void measure() {
        winsize size{};
        const bool known =
            ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
        rows_ = known ? size.ws_row : 24;
        columns_ = known ? size.ws_col : 80;
    }

    termios before_;
    std::array<struct sigaction, watched.size()> handlers_{};
    bool colours_ = true;
    std::string read_; ///< and not taken yet
    std::size_t rows_ = 24;
    std::size_t columns_ = 80;
};

} // namespace

std::unique_ptr<screen> open_terminal() {
    termios before{};
    if (::isatty(STDOUT_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &before) != 0) {
        return nullptr;
    }
    return std::make_unique<terminal_screen>(before);
}

} // namespace evercert::daemon
