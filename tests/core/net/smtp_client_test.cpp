// A mail server on loopback that answers from a script.
#include "core/net/smtp_client.hpp"
#include "tests/core/net/fixture.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <map>

using namespace evercert;
using namespace evercert::testing;

namespace {

/// Says 2xx (3xx to DATA) unless told otherwise for what a line begins with; an answer of "hang" is none.
class mail_server {
public:
    explicit mail_server(asio::io_context& loop)
        : acceptor_(loop, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
        asio::co_spawn(loop, serve(), asio::detached);
    }
    [[nodiscard]] endpoint where() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }

    std::map<std::string, std::string> says; ///< by verb; "" is the greeting, "." the end of the mail
    std::vector<std::string> lines;          ///< commands as they came
    std::string mail;                        ///< what came as data, CRLF and dots as they came

private:
    [[nodiscard]] std::string answer(const std::string& line) const {
        for (const auto& [verb, text] : says) {
            if (verb.empty() ? line.empty() : line.starts_with(verb)) {
                return text;
            }
        }
        return line.starts_with("DATA") ? "354 go on\r\n" : "250 fine\r\n";
    }

    awaitable<void> serve() {
        tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
        std::string greeting = answer("");
        co_await asio::async_write(socket, asio::buffer(greeting), asio::use_awaitable);
        std::string buffer;
        for (bool data = false;;) {
            auto space = asio::dynamic_buffer(buffer);
            const std::size_t size =
                co_await asio::async_read_until(socket, space, "\r\n", asio::use_awaitable);
            std::string line = buffer.substr(0, size);
            buffer.erase(0, size);
            if (data && line != ".\r\n") {
                mail += line;
                continue;
            }
            data = line == "DATA\r\n";
            lines.push_back(line.substr(0, line.size() - 2));
            std::string said = answer(line);
            data = data && said.starts_with("3");
            if (said != "hang") {
                co_await asio::async_write(socket, asio::buffer(said), asio::use_awaitable);
            }
        }
    }

    tcp::acceptor acceptor_;
};

net::mail_delivery letter(const mail_server& server) {
    net::mail_delivery what;
    what.server = server.where();
    what.our_name = "web1.example";
    what.from = "evercert@web1.example";
    what.to = {"ops@example.com", "sec@example.com"};
    what.message = "Subject: x\n\nhello\n.\n..two\n";
    what.deadline = seconds(5);
    return what;
}

result<std::string> send(asio::io_context& loop, net::mail_delivery what) {
    return run(loop, net::send_mail(loop.get_executor(), std::move(what)));
}

} // namespace

TEST_CASE("A mail goes to all recipients, its dots doubled") {
    asio::io_context loop;
    mail_server server(loop);
    server.says["EHLO"] = "250-mx\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
    const auto sent = send(loop, letter(server));
    REQUIRE(sent.has_value());
    CHECK(sent->empty());
    run_until(loop, [&] { return server.lines.size() == 7; });
    CHECK(server.lines == std::vector<std::string>{"EHLO web1.example", "MAIL FROM:<evercert@web1.example>",
                                                   "RCPT TO:<ops@example.com>", "RCPT TO:<sec@example.com>",
                                                   "DATA", ".", "QUIT"});
    CHECK(server.mail == "Subject: x\r\n\r\nhello\r\n..\r\n...two\r\n");
}

TEST_CASE("A server of the old kind is greeted in the old way") {
    asio::io_context loop;
    mail_server server(loop);
    server.says["EHLO"] = "502 what?\r\n";
    REQUIRE(send(loop, letter(server)).has_value());
    CHECK(server.lines.at(1) == "HELO web1.example");
}

TEST_CASE("One recipient that is refused does not keep the mail from the other") {
    asio::io_context loop;
    mail_server server(loop);
    server.says["RCPT TO:<ops"] = "550-no such\r\n550 user\r\n";
    const auto sent = send(loop, letter(server));
    REQUIRE(sent.has_value());
    CHECK(*sent == "550-no such 550 user");
    CHECK(!server.mail.empty());
}

TEST_CASE("Who is refused for now keeps the mail from the others only if that is meant") {
    asio::io_context loop;
    mail_server server(loop);
    server.says["RCPT TO:<ops"] = "452 mailbox full\r\n";
    net::mail_delivery what = letter(server);
    what.all_or_none = false;
    const auto sent = send(loop, std::move(what));
    REQUIRE(sent.has_value());
    CHECK(*sent == "452 mailbox full");
    CHECK(!server.mail.empty());
    mail_server none(loop);
    none.says["RCPT TO:<ops"] = "452 mailbox full\r\n";
    none.says["RCPT TO:<sec"] = "550 nobody\r\n";
    what = letter(none);
    what.all_or_none = false;
    CHECK(send(loop, std::move(what)).error().code == errc::busy);
    CHECK(none.mail.empty());
}

TEST_CASE("What a server says is told apart: not now, not at all, and what is no mail server") {
    struct row {
        std::string verb;
        std::string answer;
        errc code;
        std::string words;
    };
    const std::vector<row> rows = {
        {"", "554 go away\r\n", errc::refused, "refuses the mail"},
        {"", "421 busy\r\n", errc::busy, "not take the mail now"},
        {"", "SSH-2.0-OpenSSH_9\r\n", errc::protocol, "as a mail server does"},
        {"", "250\r\n", errc::timed_out, ""}, // fine, and then nothing more: see EHLO below
        {"", "25\r\n", errc::protocol, "as a mail server does"},
        {"", std::string(5000, '2') + "\r\n", errc::protocol, "too long"},
        {"MAIL", "451 later\r\n", errc::busy, "now"},
        {"MAIL", "550 not you\r\n", errc::refused, "refuses"},
        {"RCPT", "550 nobody\r\n", errc::refused, "none of the recipients"},
        {"RCPT TO:<sec", "450 greylisted\r\n", errc::busy, "now"},
        {"DATA", "554 no\r\n", errc::refused, "refuses"},
        {"DATA", "250 odd\r\n", errc::refused, "refuses"},
        {".", "552 too big\r\n", errc::refused, "refuses"},
        {".", "452 disk full\r\n", errc::busy, "now"},
        {".", "hang", errc::timed_out, "in time"},
    };
    for (const row& each : rows) {
        INFO(each.verb << " " << each.answer.substr(0, 40));
        asio::io_context loop;
        mail_server server(loop);
        server.says[each.verb] = each.answer;
        if (each.answer == "250\r\n") {
            server.says["EHLO"] = "hang";
        }
        net::mail_delivery what = letter(server);
        if (each.code == errc::timed_out) {
            what.deadline = milliseconds(200);
        }
        const auto sent = send(loop, std::move(what));
        REQUIRE(!sent.has_value());
        CHECK(sent.error().code == each.code);
        CHECK(sent.error().message.find(each.words) != std::string::npos);
        CHECK(sent.error().message.find(to_string(server.where())) != std::string::npos);
    }
}

TEST_CASE("An answer without end is not read without end") {
    asio::io_context loop;
    mail_server server(loop);
    std::string much;
    for (int i = 0; i < 100; ++i) {
        much += "250-more\r\n";
    }
    server.says["EHLO"] = much;
    const auto sent = send(loop, letter(server));
    REQUIRE(!sent.has_value());
    CHECK(sent.error().message.find("without end") != std::string::npos);
}

TEST_CASE("Nobody listens") {
    asio::io_context loop;
    net::mail_delivery what;
    {
        mail_server server(loop);
        what = letter(server);
    }
    loop.poll();
    const auto sent = send(loop, std::move(what));
    REQUIRE(!sent.has_value());
    CHECK(sent.error().message.find("cannot connect to the mail server 127.0.0.1:") != std::string::npos);
}

TEST_CASE("Nothing that could be taken for a command is sent") {
    asio::io_context loop;
    mail_server server(loop);
    for (const std::string bad :
         {"a@b>\r\nRCPT TO:<x", "a b@c", "", "a@b\n", "<a@b>", "a@b\x01", "\xc3\xa4@b"}) {
        INFO(bad);
        net::mail_delivery what = letter(server);
        what.to.push_back(bad);
        CHECK(send(loop, std::move(what)).error().code == errc::invalid_argument);
        what = letter(server);
        what.from = bad;
        CHECK(send(loop, std::move(what)).error().code == errc::invalid_argument);
        what = letter(server);
        what.our_name = bad;
        CHECK(send(loop, std::move(what)).error().code == errc::invalid_argument);
    }
    for (const std::string bad : {"a\rb\n", "\xc3\xa4\n", "nul \x01\n"}) {
        net::mail_delivery what = letter(server);
        what.message = bad;
        CHECK(send(loop, std::move(what)).error().code == errc::invalid_argument);
    }
    CHECK(net::smtp_data("").value() == ".\r\n");
    CHECK(net::smtp_data("x").value() == "x\r\n.\r\n");
    CHECK(!net::smtp_data(std::string(999, 'x')));
    CHECK(server.lines.empty());
}
