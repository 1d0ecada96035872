#include "core/net/starttls.hpp"

#include "core/base/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace evercert::net {
namespace {

/// Postfix with a key that does not fit its certificate does this.
constexpr std::string_view broken_promise = "it offers STARTTLS and then refuses it; its log says why, often "
                                            "that its key does not fit its certificate";

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using kind = probe_error::kind;
using step = starttls_talk::step;

constexpr std::size_t most_read = 16 * 1024;

/// An address literal (RFC 5321 section 4.1.3): no name that could be looked up, and what servers take that
/// want a name to be fully qualified.
constexpr std::string_view own_name = "[127.0.0.1]";

step say(std::string words) {
    return {step::kind::say, std::move(words), {}};
}

step refused(std::string_view what, std::string_view line) {
    return {step::kind::fail, {}, probe_error(kind::unwilling, std::string(what), std::string(line))};
}

step garbage(std::string_view wanted, std::string_view line) {
    auto words = fmt::format("what answers there does not speak {}", wanted);
    return {step::kind::fail, {}, probe_error(kind::garbage, std::move(words), std::string(line))};
}

step begin() {
    return {step::kind::begin, {}, {}};
}

/// The first word of `text`, which it is taken from with the blanks behind it.
std::string_view take_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return word;
}

bool is(std::string_view word, std::string_view wanted) {
    return equals_ignoring_case(word, wanted);
}

bool is_reply_code(std::string_view code) {
    return code.size() == 3 && code[0] >= '2' && code[0] <= '5' && code[1] >= '0' && code[1] <= '9' &&
           code[2] >= '0' && code[2] <= '9';
}

} // namespace

step starttls_talk::take(std::string_view line) {
    switch (how_) {
    case tls_start::at_once:
        break;
    case tls_start::smtp:
    case tls_start::lmtp:
        return take_smtp(line);
    case tls_start::imap:
        return take_imap(line);
    case tls_start::pop3:
        return take_pop3(line);
    }
    return begin();
}

step starttls_talk::ask_for_tls(std::string words) {
    if (!offered_) {
        return {step::kind::fail,
                {},
                probe_error(
                    kind::unwilling,
                    "it does not offer STARTTLS: TLS is off in it, or has no certificate that it can use")};
    }
    stage_ = stage::go_ahead;
    return say(std::move(words));
}

step starttls_talk::take_smtp(std::string_view line) {
    const std::string_view name = how_ == tls_start::smtp ? "SMTP" : "LMTP";
    const std::string_view code = line.substr(0, 3);
    const char mark = line.size() > 3 ? line[3] : ' ';
    if (!is_reply_code(code) || (mark != ' ' && mark != '-') || (!code_.empty() && code != code_)) {
        return garbage(name, line);
    }
    // The first line of a reply to EHLO names the server, each further one an extension.
    if (stage_ == stage::offers && !code_.empty()) {
        std::string_view rest = line.substr(std::min<std::size_t>(4, line.size()));
        offered_ = offered_ || is(take_word(rest), "STARTTLS");
    }
    code_ = code;
    if (mark == '-') {
        return {};
    }
    code_.clear();
    switch (stage_) {
    case stage::greeting:
        if (code != "220") {
            return refused("it greets with a refusal", line);
        }
        stage_ = stage::offers;
        return say(fmt::format("{} {}\r\n", how_ == tls_start::smtp ? "EHLO" : "LHLO", own_name));
    case stage::offers:
        return code == "250" ? ask_for_tls("STARTTLS\r\n")
                             : refused("it does not take our greeting, and so offers no STARTTLS", line);
    case stage::go_ahead:
        break;
    }
    return code == "220" ? begin() : refused(broken_promise, line);
}

step starttls_talk::take_imap(std::string_view line) {
    std::string_view rest = line;
    const std::string_view tag = take_word(rest);
    const std::string_view word = take_word(rest);
    const bool untagged = tag == "*";
    if (untagged && is(word, "BYE")) {
        return refused("it says goodbye", line);
    }
    if (stage_ == stage::greeting) {
        if (untagged && is(word, "PREAUTH")) {
            return refused("it takes us for logged in, after which there is no STARTTLS", line);
        }
        if (!untagged || !is(word, "OK")) {
            return garbage("IMAP", line);
        }
        stage_ = stage::offers;
        return say("a CAPABILITY\r\n");
    }
    if (untagged) {
        while (is(word, "CAPABILITY") && !rest.empty()) {
            offered_ = is(take_word(rest), "STARTTLS") || offered_;
        }
        return {};
    }
    const bool good = is(word, "OK");
    if (tag != (stage_ == stage::offers ? "a" : "b") || (!good && !is(word, "NO") && !is(word, "BAD"))) {
        return garbage("IMAP", line);
    }
    if (stage_ == stage::offers) {
        return good ? ask_for_tls("b STARTTLS\r\n") : refused("it does not say what it offers", line);
    }
    return good ? begin() : refused(broken_promise, line);
}

step starttls_talk::take_pop3(std::string_view line) {
    if (listing_) {
        std::string_view rest = line;
        if (line == ".") {
            listing_ = false;
            return ask_for_tls("STLS\r\n");
        }
        offered_ = is(take_word(rest), "STLS") || offered_;
        return {};
    }
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    const bool good = word == "+OK";
    if (!good && word != "-ERR") {
        return garbage("POP3", line);
    }
    switch (stage_) {
    case stage::greeting:
        if (!good) {
            return refused("it greets with a refusal", line);
        }
        stage_ = stage::offers;
        return say("CAPA\r\n");
    case stage::offers:
        listing_ = good;
        offered_ = !good; // older than CAPA: it may know STLS all the same
        return good ? step() : ask_for_tls("STLS\r\n");
    case stage::go_ahead:
        break;
    }
    return good ? begin() : refused("it refuses STLS", line);
}

awaitable<std::optional<probe_error>> start_tls(connection& on, tls_start how) {
    if (how == tls_start::at_once) {
        co_return std::nullopt;
    }
    starttls_talk talk(how);
    std::string unread;
    std::size_t total = 0;
    while (true) {
        error_code ec;
        const auto end = unread.find('\n');
        if (end == std::string::npos) {
            std::array<char, 2048> space{};
            const std::size_t room = std::min(space.size(), most_read - total);
            if (room == 0) {
                co_return probe_error(kind::garbage, "it says more than 16 KiB before TLS begins");
            }
            const std::size_t size = co_await on.tcp().async_read_some(asio::buffer(space.data(), room),
                                                                       redirect_error(use_awaitable, ec));
            throw_if_cancelled(co_await asio::this_coro::cancellation_state);
            if (on.timed_out()) {
                co_return probe_error(kind::stalled, "connected, but it did not get as far as TLS in time");
            }
            if (ec) {
                co_return probe_error(kind::broken, "the connection broke before TLS began: " + ec.message());
            }
            unread.append(space.data(), size);
            total += size;
            continue;
        }
        const bool cr = end > 0 && unread[end - 1] == '\r';
        starttls_talk::step next = talk.take(std::string_view(unread).substr(0, cr ? end - 1 : end));
        unread.erase(0, end + 1);
        switch (next.what) {
        case step::kind::listen:
            break;
        case step::kind::fail:
            co_return std::move(next.why);
        case step::kind::begin:
            // Bytes that somebody put in before TLS must not be taken for what came under it.
            if (!unread.empty()) {
                co_return probe_error(kind::garbage, "it goes on in plain after it has agreed to TLS");
            }
            co_return std::nullopt;
        case step::kind::say:
            co_await asio::async_write(on.tcp(), asio::buffer(next.words), redirect_error(use_awaitable, ec));
            throw_if_cancelled(co_await asio::this_coro::cancellation_state);
            break; // what went wrong shows in what is read next
        }
    }
}

std::string_view farewell(tls_start how) noexcept {
    switch (how) {
    case tls_start::at_once:
        break;
    case tls_start::smtp:
    case tls_start::lmtp:
    case tls_start::pop3:
        return "QUIT\r\n";
    case tls_start::imap:
        return "z LOGOUT\r\n";
    }
    return {};
}

} // namespace evercert::net
