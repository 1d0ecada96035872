#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "tests/support/catch.hpp"

#include <cerrno>

using namespace evercert;

TEST_CASE("foreign text cannot forge lines, colours or quotes") {
    CHECK(escape("plain text, 100%") == "plain text, 100%");
    CHECK(escape("a\nb\rc\td") == "a\\nb\\rc\\td");
    CHECK(escape("\x1b[31mred") == "\\x1b[31mred");
    CHECK(escape("say \"hi\" \\") == "say \\\"hi\\\" \\\\");
    CHECK(escape(std::string("nul\0byte", 8)) == "nul\\x00byte");
    CHECK(escape("caf\xc3\xa9 \xe6\x97\xa5") == "caf\xc3\xa9 \xe6\x97\xa5");
    CHECK(escape("\xc3") == "\\xc3");
    CHECK(escape("\xc0\xaf") == "\\xc0\\xaf");          // overlong
    CHECK(escape("\xed\xa0\x80") == "\\xed\\xa0\\x80"); // surrogate
    CHECK(escape("\xc2\x9b"
                 "31m") == "\\xc2\\x9b"
                           "31m"); // C1 control
    CHECK(escape("a\xe2\x80\xae"
                 "b") == "a\\xe2\\x80\\xae"
                         "b"); // right-to-left override
    CHECK(escape(std::string(2000, 'x'), 10) == "xxxxxxxxxx...");
    CHECK(escape(std::string(1 << 20, '\n'), 100).size() < 110);
}

TEST_CASE("names are compared without case, as DNS and HTTP want it") {
    CHECK(equals_ignoring_case("Retry-After", "retry-AFTER"));
    CHECK_FALSE(equals_ignoring_case("a", "ab"));
    CHECK_FALSE(equals_ignoring_case("@", "`"));
    CHECK(to_lower_ascii("ExAmple.COM") == "example.com");
    CHECK(trim(" \t a b\r\n") == "a b");
    CHECK(trim("  ").empty());
}

TEST_CASE("a near miss finds what was meant, a wild one nothing") {
    const std::vector<std::string_view> keys{"listen", "redirect_to_https", "type"};
    CHECK(nearest("lisen", keys) == "listen");
    CHECK(nearest("redirect_https", keys) == "redirect_to_https");
    CHECK(nearest("tpye", keys) == ""); // two edits in four letters: too far to guess
    CHECK(nearest("foo", keys).empty());
    CHECK(nearest("", keys).empty());
}

TEST_CASE("system errors keep what callers branch on") {
    CHECK(system_error(ENOSPC, "x").code == errc::no_space);
    CHECK(system_error(EDQUOT, "x").code == errc::no_space);
    CHECK(system_error(ENOENT, "x").code == errc::not_found);
    CHECK(system_error(EADDRINUSE, "x").code == errc::busy);
    CHECK(system_error(EIO, "x").code == errc::io);
    CHECK(system_error(EIO, "writing a").message.starts_with("writing a: "));
    CHECK(error(errc::refused, "it said no", "bad\nidea").text() == "it said no (\"bad\\nidea\")");
    CHECK(error(errc::io, "b").within("a").message == "a: b");
}
