#include "core/store/record_fields.hpp"

#include <array>
#include <limits>
#include <ranges>
#include <span>

namespace evercert::storage {
namespace {

using namespace std::chrono;

constexpr wall_time first_moment = sys_days(year(0) / 1 / 1);
constexpr wall_time last_moment = sys_days(year(9999) / 12 / 31) + days(1) - milliseconds(1);

constexpr std::string_view too_many = "more entries than any record has";

/// `number` in as many digits as there is place.
void put_digits(std::span<char> place, unsigned number) {
    for (char& digit : place | std::views::reverse) {
        digit = static_cast<char>('0' + number % 10);
        number /= 10;
    }
}

} // namespace

// By hand: a record has a dozen of them, and 100,000 records are written in a row.
std::string exact_time(wall_time when) {
    when = std::clamp(when, first_moment, last_moment);
    const auto day = floor<days>(when);
    const year_month_day date(day);
    const auto rest = static_cast<unsigned>((when - day).count());
    std::array<char, 24> text{};
    std::ranges::copy(std::string_view("0000-00-00T00:00:00.000Z"), text.begin());
    const std::span<char> all(text);
    put_digits(all.subspan(0, 4), static_cast<unsigned>(static_cast<int>(date.year())));
    put_digits(all.subspan(5, 2), static_cast<unsigned>(date.month()));
    put_digits(all.subspan(8, 2), static_cast<unsigned>(date.day()));
    put_digits(all.subspan(11, 2), rest / 3'600'000);
    put_digits(all.subspan(14, 2), rest / 60'000 % 60);
    put_digits(all.subspan(17, 2), rest / 1000 % 60);
    put_digits(all.subspan(20, 3), rest % 1000);
    if (rest % 1000 == 0) {
        text[19] = 'Z';
        return {text.data(), 20};
    }
    return {text.data(), text.size()};
}

std::optional<wall_time> parse_exact_time(std::string_view text) {
    const auto when = parse_rfc3339(text);
    // An offset can lead out of the years that there are.
    if (!when || *when < first_moment || *when > last_moment) {
        return std::nullopt;
    }
    return *when;
}

void record_reader::text(std::string_view name, std::string& value) {
    if (auto found = keep(in_.optional_string(name))) {
        value = std::move(*found);
    }
}

void record_reader::count(std::string_view name, unsigned& value) {
    const auto found = keep(in_.optional_integer(name));
    if (found && (*found < 0 || *found > std::numeric_limits<unsigned>::max())) {
        wrong(name, "out of range");
    } else if (found) {
        value = static_cast<unsigned>(*found);
    }
}

void record_reader::number(std::string_view name, std::optional<int>& value) {
    const auto found = keep(in_.optional_integer(name));
    if (found && (*found < std::numeric_limits<int>::min() || *found > std::numeric_limits<int>::max())) {
        wrong(name, "out of range");
    } else if (found) {
        value = static_cast<int>(*found);
    }
}

void record_reader::flag(std::string_view name, bool& value) {
    if (const auto found = keep(in_.optional_boolean(name))) {
        value = *found;
    }
}

void record_reader::time(std::string_view name, std::optional<wall_time>& value) {
    const auto found = keep(in_.optional_string(name));
    if (!found) {
        return;
    }
    if (const auto when = parse_exact_time(*found)) {
        value = *when;
    } else {
        wrong(name, "no RFC 3339 time");
    }
}

void record_reader::time(std::string_view name, wall_time& value) {
    std::optional<wall_time> found;
    time(name, found);
    value = found.value_or(value);
}

void record_reader::key(std::string_view name, key_type& value) {
    const auto found = keep(in_.optional_string(name));
    if (!found) {
        return;
    }
    if (const auto type = parse_key_type(*found)) {
        value = *type;
    } else {
        wrong(name, "no type of key that there is");
    }
}

void record_reader::texts(std::string_view name, std::vector<std::string>& values) {
    auto found = in_.optional_strings(name);
    if (found && found->size() > list_limit) {
        wrong(name, too_many);
    } else if (found) {
        values = std::move(*found);
    } else {
        wrong(name, found.error().message);
    }
}

std::vector<json::value> record_reader::list(std::string_view name) {
    auto found = in_.optional_array(name);
    if (found && found->size() <= list_limit) {
        return std::move(*found);
    }
    wrong(name, found ? too_many : std::string_view(found.error().message));
    return {};
}

} // namespace evercert::storage
