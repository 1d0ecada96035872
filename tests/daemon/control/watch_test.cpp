#include "daemon/control/watch_view.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

std::vector<lifecycle::certificate_status> some() {
    auto bad = sample_status("zebra");
    bad.where = lifecycle::state::failing;
    bad.failures = 3;
    bad.problem = "the CA says \"no\x1b[2J\"";
    return {sample_status("alpha"), sample_status("beta"), bad};
}

std::string joined(const std::vector<screen_line>& lines) {
    std::string all;
    for (const screen_line& line : lines) {
        all += line.text + "\n";
    }
    return all;
}

/// A screen whose keys are given; what was drawn last stays.
class paper final : public screen {
public:
    struct sheet {
        std::vector<std::vector<screen_line>> drawn;
        std::deque<std::optional<key>> keys;
        std::size_t rows = 12;
        std::size_t columns = 100;
        bool closed = false;
    };
    paper(sheet& on, fake_time& time) : on_(on), time_(time) {}
    ~paper() override { on_.closed = true; }
    paper(const paper&) = delete;
    paper& operator=(const paper&) = delete;
    [[nodiscard]] std::size_t rows() const override { return on_.rows; }
    [[nodiscard]] std::size_t columns() const override { return on_.columns; }
    void draw(const std::vector<screen_line>& lines) override { on_.drawn.push_back(lines); }
    std::optional<key> wait_key(milliseconds how_long) override {
        if (on_.keys.empty()) {
            return key{key_kind::quit, 0};
        }
        const auto next = on_.keys.front();
        on_.keys.pop_front();
        if (!next) {
            time_.advance(how_long);
        }
        return next;
    }

private:
    sheet& on_;
    fake_time& time_;
};

key typed(char c) {
    return {key_kind::character, c};
}

} // namespace

TEST_CASE("watch view: what matters first, with what is wrong") {
    watch_settings settings;
    const auto lines = watch_view(some(), settings, now);
    REQUIRE(lines.size() == 6);
    CHECK(lines[0].text == "00:00:00  3 certificates: 1 failing, 2 well");
    CHECK(lines[0].how == look::bad);
    CHECK(lines[2].text.starts_with("! zebra"));
    CHECK(lines[2].how == look::bad);
    CHECK(lines[3].text.find("the CA says \"no\\x1b[2J\"") != std::string::npos);
    CHECK(lines[4].text.starts_with("  alpha"));
    CHECK(lines[4].text.find("======>-----|-------") != std::string::npos);
}

TEST_CASE("watch view: fits its screen, however small") {
    auto many = some();
    for (int i = 0; i < 40; ++i) {
        many.push_back(sample_status("more-" + std::to_string(100 + i)));
    }
    for (const std::size_t rows : {1U, 2U, 3U, 4U, 5U, 24U, 200U}) {
        for (const std::size_t columns : {1U, 5U, 20U, 80U, 400U}) {
            for (const std::size_t top : {0U, 10U, 1000U}) {
                watch_settings settings;
                settings.rows = rows;
                settings.columns = columns;
                settings.top = top;
                const auto lines = watch_view(many, settings, now);
                CHECK((lines.size() <= std::max<std::size_t>(rows, 3)));
                CHECK(settings.top < many.size());
                for (const screen_line& line : lines) {
                    CHECK(line.text.size() <= columns);
                }
            }
        }
    }
}

TEST_CASE("watch view: sorted and filtered as was asked") {
    watch_settings settings;
    settings.sort = status::order::name;
    settings.filter = "bet";
    const auto lines = watch_view(some(), settings, now);
    CHECK(lines.size() == 3);
    CHECK(lines[0].text.find("3 certificates") != std::string::npos);
    CHECK(lines[2].text.starts_with("  beta"));
    settings.rows = 10;
    CHECK(joined(watch_view({}, settings, now)).find("0 certificates") != std::string::npos);
}

TEST_CASE("watch prints once where nobody can press a key") {
    terminal b;
    b.answer(200, page_to_json({some(), false}));
    CHECK(b.run(command("watch")) == 0);
    CHECK(b.out.find("3 certificates: 1 failing, 2 well") != std::string::npos);
    CHECK(b.out.find('\x1b') == std::string::npos);

    CHECK(b.run(command("watch")) == 3);
    CHECK(b.err.find("cannot reach the daemon") != std::string::npos);
    auto options = command("watch");
    options.json = true;
    CHECK(b.run(options) == 2);
}

TEST_CASE("watch takes keys, asks again every two seconds, and outlives a daemon that is away") {
    terminal b;
    paper::sheet sheet;
    b.open_screen = [&] { return std::make_unique<paper>(sheet, b.time); };
    b.answer(200, page_to_json({some(), false}));
    b.answers.emplace_back(fail(errc::not_found, "nobody listens"));
    b.answer(200, page_to_json({{sample_status("only")}, false}));
    sheet.keys = {typed('/'),
                  typed('B'),
                  typed('e'),
                  typed('s'),
                  key{key_kind::backspace, 0},
                  key{key_kind::enter, 0},
                  std::nullopt,
                  std::nullopt,
                  std::nullopt,
                  std::nullopt,
                  std::nullopt,
                  std::nullopt,
                  typed('s'),
                  typed('q'),
                  typed('/')};
    CHECK(b.run(command("watch")) == 0);
    CHECK(sheet.closed);
    CHECK(sheet.keys.size() == 1);
    CHECK(b.asked.size() == 4); // the last is refused, as there is no answer left
    const auto& drawn = sheet.drawn;
    CHECK(joined(drawn[1]).find("filter: _") != std::string::npos);
    CHECK(joined(drawn[4]).find("filter: bes_") != std::string::npos);
    CHECK(joined(drawn[6]).find("1 to 1 of 1") != std::string::npos);
    CHECK(joined(drawn[8]).find("NOT UP TO DATE: nobody listens") != std::string::npos);
    CHECK(joined(drawn[8]).find("beta") != std::string::npos);
    CHECK(joined(drawn[10]).find("1 certificate: 1 well") != std::string::npos);
    CHECK(joined(drawn.back()).find("sort: expiry") != std::string::npos);
    CHECK(drawn.back().size() == sheet.rows);
}
