// What is said before TLS, by servers that mean well and by others.
#include "core/crypto/certificate.hpp"
#include "core/net/starttls.hpp"
#include "core/net/tls_probe.hpp"
#include "tests/core/net/fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>

using namespace evercert;
using namespace evercert::testing;
using kind = net::probe_error::kind;
using step = net::starttls_talk::step;

namespace {

/// What the client says in answer to the lines, then "TLS" or why not.
std::vector<std::string> talk(tls_start how, const std::vector<std::string>& lines) {
    net::starttls_talk client(how);
    std::vector<std::string> said;
    for (const std::string& line : lines) {
        step next = client.take(line);
        if (next.what == step::kind::say) {
            CHECK(next.words.ends_with("\r\n"));
            said.push_back(next.words.substr(0, next.words.size() - 2));
        } else if (next.what == step::kind::begin) {
            said.emplace_back("TLS");
        } else if (next.what == step::kind::fail) {
            said.push_back((next.why.what == kind::unwilling ? "unwilling: " : "garbage: ") + next.why.words);
            CHECK((next.why.foreign.empty() || next.why.foreign == line));
            return said;
        }
    }
    return said;
}

const std::string no_offer =
    "unwilling: it does not offer STARTTLS: TLS is off in it, or has no certificate that it can use";

const std::string broken_promise = "unwilling: it offers STARTTLS and then refuses it; its log says why, "
                                   "often that its key does not fit its certificate";

/// A server that says what it is told to, one text after each line of the client, and then speaks TLS if it
/// has got to the end of its part.
class scripted_mail {
public:
    scripted_mail(asio::io_context& loop, const test_root::pair& identity, std::vector<std::string> part)
        : context_(asio::ssl::context::tls_server)
        , part_(std::move(part))
        , acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        context_.use_certificate_chain(asio::buffer(identity.chain));
        context_.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
        asio::co_spawn(loop, serve(), asio::detached);
    }
    [[nodiscard]] endpoint where() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }

    std::vector<std::string> heard;
    std::string farewell;

private:
    awaitable<void> serve() {
        auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
        boost::system::error_code ec;
        std::string unread;
        for (std::size_t i = 0; i < part_.size(); ++i) {
            co_await asio::async_write(socket, asio::buffer(part_[i]),
                                       asio::redirect_error(asio::use_awaitable, ec));
            if (i + 1 == part_.size()) {
                break;
            }
            const std::size_t size = co_await asio::async_read_until(
                socket, asio::dynamic_buffer(unread), "\r\n", asio::redirect_error(asio::use_awaitable, ec));
            if (ec) {
                co_return;
            }
            heard.push_back(unread.substr(0, size - 2));
            unread.erase(0, size);
        }
        asio::ssl::stream<tcp::socket&> secure(socket, context_);
        co_await secure.async_handshake(asio::ssl::stream_base::server,
                                        asio::redirect_error(asio::use_awaitable, ec));
        while (!ec) {
            std::array<char, 64> space{};
            const std::size_t size = co_await secure.async_read_some(
                asio::buffer(space), asio::redirect_error(asio::use_awaitable, ec));
            farewell.append(space.data(), size);
        }
    }

    asio::ssl::context context_;
    std::vector<std::string> part_;
    tcp::acceptor acceptor_;
};

} // namespace

TEST_CASE("STARTTLS in SMTP and LMTP") {
    using lines = std::vector<std::string>;
    CHECK(talk(tls_start::smtp, {"220 mx ESMTP", "250-mx", "250-SIZE 1", "250 STARTTLS", "220 go"}) ==
          lines{"EHLO [127.0.0.1]", "STARTTLS", "TLS"});
    CHECK(talk(tls_start::lmtp, {"220 mx LMTP", "250-mx", "250-starttls now", "250 X", "220"}) ==
          lines{"LHLO [127.0.0.1]", "STARTTLS", "TLS"});
    CHECK(talk(tls_start::smtp, {"220-first", "220-second", "220 third", "250-mx", "250 STARTTLS"}) ==
          lines{"EHLO [127.0.0.1]", "STARTTLS"});
    CHECK(talk(tls_start::smtp, {"220 mx", "250-mx", "250 SIZE"}) == lines{"EHLO [127.0.0.1]", no_offer});
    // The server's own name is no offer, nor is a longer word.
    CHECK(talk(tls_start::smtp, {"220 mx", "250 STARTTLS"}) == lines{"EHLO [127.0.0.1]", no_offer});
    CHECK(talk(tls_start::smtp, {"220 mx", "250-mx", "250 STARTTLSX"}) ==
          lines{"EHLO [127.0.0.1]", no_offer});
    CHECK(talk(tls_start::smtp, {"554 no service"}) == lines{"unwilling: it greets with a refusal"});
    CHECK(talk(tls_start::smtp, {"220 mx", "502 what?"}) ==
          lines{"EHLO [127.0.0.1]", "unwilling: it does not take our greeting, and so offers no STARTTLS"});
    CHECK(talk(tls_start::smtp, {"220 mx", "250-mx", "250 STARTTLS", "454 not now"}) ==
          lines{"EHLO [127.0.0.1]", "STARTTLS", broken_promise});
    for (const std::string odd : {"", "2", "22", "220x", "+OK", "* OK", "SSH-2.0-x", "999 x",
                                  "2\x00"
                                  "0 x",
                                  "\xff\xff\xff"}) {
        INFO(odd);
        CHECK(talk(tls_start::smtp, {odd}) == lines{"garbage: what answers there does not speak SMTP"});
    }
    CHECK(talk(tls_start::smtp, {"220-a", "250 b"}) ==
          lines{"garbage: what answers there does not speak SMTP"});
}

TEST_CASE("STARTTLS in IMAP") {
    using lines = std::vector<std::string>;
    CHECK(talk(tls_start::imap,
               {"* OK [CAPABILITY IMAP4rev1] ready", "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED",
                "a OK done", "* 1 EXISTS", "b ok go"}) == lines{"a CAPABILITY", "b STARTTLS", "TLS"});
    CHECK(talk(tls_start::imap, {"* OK", "* capability x", "* capability starttls", "* CAPABILITY y",
                                 "a OK"}) == lines{"a CAPABILITY", "b STARTTLS"});
    CHECK(talk(tls_start::imap, {"* OK", "* CAPABILITY IMAP4rev1 XSTARTTLS", "a OK"}) ==
          lines{"a CAPABILITY", no_offer});
    CHECK(talk(tls_start::imap, {"* OK", "* OK STARTTLS", "a OK STARTTLS"}) ==
          lines{"a CAPABILITY", no_offer});
    CHECK(talk(tls_start::imap, {"* PREAUTH hello"}) ==
          lines{"unwilling: it takes us for logged in, after which there is no STARTTLS"});
    CHECK(talk(tls_start::imap, {"* BYE busy"}) == lines{"unwilling: it says goodbye"});
    CHECK(talk(tls_start::imap, {"* OK", "* BYE"}) == lines{"a CAPABILITY", "unwilling: it says goodbye"});
    CHECK(talk(tls_start::imap, {"* OK", "a BAD"}) ==
          lines{"a CAPABILITY", "unwilling: it does not say what it offers"});
    CHECK(talk(tls_start::imap, {"* OK", "* CAPABILITY STARTTLS", "a OK", "b NO"}) ==
          lines{"a CAPABILITY", "b STARTTLS", broken_promise});
    for (const std::string odd : {"", "*", "* ", "*OK", "OK", "220 mx", "+OK", "a OK", "   "}) {
        INFO(odd);
        CHECK(talk(tls_start::imap, {odd}) == lines{"garbage: what answers there does not speak IMAP"});
    }
    for (const std::string odd : {"", "b OK", "a", "a MAYBE", "+ go on"}) {
        INFO(odd);
        CHECK(talk(tls_start::imap, {"* OK", odd}).back() ==
              "garbage: what answers there does not speak IMAP");
    }
}

TEST_CASE("STLS in POP3") {
    using lines = std::vector<std::string>;
    CHECK(talk(tls_start::pop3, {"+OK ready", "+OK", "USER", "STLS", ".", "+OK go"}) ==
          lines{"CAPA", "STLS", "TLS"});
    CHECK(talk(tls_start::pop3, {"+OK", "+OK", "USER", "STLSX", "."}) == lines{"CAPA", no_offer});
    CHECK(talk(tls_start::pop3, {"+OK", "-ERR what?", "+OK"}) == lines{"CAPA", "STLS", "TLS"});
    CHECK(talk(tls_start::pop3, {"+OK", "-ERR what?", "-ERR"}) ==
          lines{"CAPA", "STLS", "unwilling: it refuses STLS"});
    CHECK(talk(tls_start::pop3, {"-ERR busy"}) == lines{"unwilling: it greets with a refusal"});
    for (const std::string odd : {"", "OK", "+ok", "+OKAY", "220 x", "."}) {
        INFO(odd);
        CHECK(talk(tls_start::pop3, {odd}) == lines{"garbage: what answers there does not speak POP3"});
    }
}

TEST_CASE("The probe sees the leaf that is shown after STARTTLS, and takes its leave") {
    const test_root root;
    const auto identity = root.issue({"mx.example"});
    const auto leaf = crypto::parse_pem_chain(identity.chain).value().at(0);
    struct row {
        tls_start how;
        std::vector<std::string> part;
        std::string farewell;
    };
    const std::vector<row> rows = {
        {tls_start::smtp, {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"}, "QUIT\r\n"},
        {tls_start::smtp, {"220 mx\n", "250-mx\n250 STARTTLS\n", "220 go\n"}, "QUIT\r\n"},
        {tls_start::lmtp, {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"}, "QUIT\r\n"},
        {tls_start::imap, {"* OK\r\n", "* CAPABILITY STARTTLS\r\na OK\r\n", "b OK\r\n"}, "z LOGOUT\r\n"},
        {tls_start::pop3, {"+OK\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK\r\n"}, "QUIT\r\n"},
    };
    const auto name = parse_identifier("mx.example").value();
    for (const row& r : rows) {
        asio::io_context loop;
        scripted_mail server(loop, identity, r.part);
        const verify_target target(server.where(), r.how);
        INFO(to_string(target));
        const auto seen = run(loop, net::probe_tls(target, name, seconds(5)));
        REQUIRE(seen.has_value());
        CHECK(seen->fingerprint == leaf.fingerprint());
        CHECK(server.heard.size() == 2);
        run_until(loop, [&] { return server.farewell == r.farewell; });
        CHECK(server.farewell == r.farewell);
    }
}

TEST_CASE("Servers that do not come to TLS are told apart, within the deadline and without reading on") {
    const test_root root;
    const auto identity = root.issue({"mx.example"});
    const auto name = parse_identifier("mx.example").value();
    struct row {
        std::vector<std::string> part;
        errc code;
        std::string words;
    };
    const std::string offer = "250-mx\r\n250 STARTTLS\r\n";
    std::string endless;
    while (endless.size() < 100'000) {
        endless += "220-still greeting\r\n";
    }
    const std::vector<row> rows = {
        {{"220 mx\r\n", "250-mx\r\n250 SIZE\r\n", ""}, errc::refused, "it does not offer STARTTLS"},
        {{"554 \x1b[31mgo away\r\n", ""}, errc::refused, "it greets with a refusal"},
        {{"220 mx\r\n", offer, "220 go\r\n250 injected\r\n"}, errc::protocol, "goes on in plain"},
        {{"SSH-2.0-x\r\n", ""}, errc::protocol, "does not speak SMTP"},
        {{endless, ""}, errc::protocol, "more than 16 KiB"},
        {{std::string(100'000, 'x'), ""}, errc::protocol, "more than 16 KiB"},
        {{std::string("220 \0\r\n", 7), std::string("\0\0\0\r\n", 5), ""},
         errc::protocol,
         "does not speak SMTP"},
    };
    for (const row& r : rows) {
        INFO(r.words);
        asio::io_context loop;
        scripted_mail server(loop, identity, r.part);
        const verify_target target(server.where(), tls_start::smtp);
        const auto seen = run(loop, net::probe_tls(target, name, seconds(5)));
        REQUIRE_FALSE(seen.has_value());
        CHECK(seen.error().code == r.code);
        CHECK(seen.error().message.find(r.words) != std::string::npos);
        CHECK(seen.error().message.find("smtp://127.0.0.1:") != std::string::npos);
        CHECK(seen.error().text().find('\x1b') == std::string::npos);
    }
}

TEST_CASE("A mail server that says nothing, drips or hangs up is not waited for") {
    asio::io_context loop;
    const auto name = parse_identifier("mx.example").value();
    tcp::acceptor silent(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const verify_target target({"127.0.0.1", silent.local_endpoint().port()}, tls_start::imap);
    CHECK(run(loop, net::probe_tls(target, name, milliseconds(50))).error().code == errc::timed_out);

    const auto speak = [](tcp::acceptor& at, bool drip) -> awaitable<void> {
        // The first connection is the one that was given up above.
        auto given_up = co_await at.async_accept(asio::use_awaitable);
        auto socket = co_await at.async_accept(asio::use_awaitable);
        asio::steady_timer pause(co_await asio::this_coro::executor);
        boost::system::error_code ec;
        const std::string byte = "*";
        while (drip && !ec) {
            co_await asio::async_write(socket, asio::buffer(byte),
                                       asio::redirect_error(asio::use_awaitable, ec));
            pause.expires_after(milliseconds(10));
            co_await pause.async_wait(asio::use_awaitable);
        }
    };
    asio::co_spawn(loop, speak(silent, true), asio::detached);
    CHECK(run(loop, net::probe_tls(target, name, milliseconds(200))).error().code == errc::timed_out);

    asio::io_context other;
    tcp::acceptor closing(other, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const verify_target rude({"127.0.0.1", closing.local_endpoint().port()}, tls_start::smtp);
    const auto hang_up = [](tcp::acceptor& at) -> awaitable<void> {
        co_await at.async_accept(asio::use_awaitable);
    };
    asio::co_spawn(other, hang_up(closing), asio::detached);
    const auto seen = run(other, net::probe_tls(rude, name, seconds(5)));
    CHECK(seen.error().code == errc::network);
    CHECK(seen.error().message.find("broke before TLS began") != std::string::npos);
}
