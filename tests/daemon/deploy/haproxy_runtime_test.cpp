// A HAProxy on a real Unix socket that follows a script.
#include "core/crypto/key.hpp"
#include "daemon/deploy/haproxy_files.hpp"
#include "daemon/deploy/haproxy_runtime.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/test_pki.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <optional>
#include <set>
#include <sys/stat.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

/// Knows files and one transaction, as HAProxy does; one command a connection.
class scripted_haproxy {
public:
    scripted_haproxy(asio::io_context& loop, const std::string& socket)
        : acceptor_(loop, asio::local::stream_protocol::endpoint(socket)) {
        asio::co_spawn(loop, accept_loop(), asio::detached);
    }

    std::set<std::string> files;
    std::vector<std::string> commands;        ///< first lines
    std::vector<std::string> taken;           ///< PEM that was committed
    std::optional<std::string> list_answer;   ///< in place of the list
    std::optional<std::string> commit_answer; ///< in place of success
    bool mute = false;                        ///< takes connections and says nothing
    bool slow_commit = false;                 ///< the same for a commit
    std::string open;                         ///< the transaction

private:
    awaitable<void> accept_loop() {
        boost::system::error_code ec;
        while (!ec) {
            auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
            if (!ec) {
                asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
            }
        }
    }
    awaitable<void> serve(asio::local::stream_protocol::socket socket) {
        std::string heard;
        boost::system::error_code ec;
        while (!ec && !whole(heard)) {
            std::array<char, 4096> space{};
            const std::size_t size = co_await socket.async_read_some(
                asio::buffer(space), asio::redirect_error(asio::use_awaitable, ec));
            heard.append(space.data(), size);
        }
        while ((mute || (slow_commit && heard.starts_with("commit "))) && !ec) {
            std::array<char, 16> space{};
            co_await socket.async_read_some(asio::buffer(space),
                                            asio::redirect_error(asio::use_awaitable, ec));
        }
        const std::string said = answer(heard);
        co_await asio::async_write(socket, asio::buffer(said), asio::redirect_error(asio::use_awaitable, ec));
    }
    static bool whole(const std::string& heard) {
        const auto end = heard.find('\n');
        const bool payload = end != std::string::npos && heard.substr(0, end).ends_with("<<");
        return payload ? heard.ends_with("\n\n") : end != std::string::npos;
    }
    std::string answer(const std::string& heard) {
        const std::string command = heard.substr(0, heard.find('\n'));
        commands.push_back(command);
        if (command == "show ssl cert") {
            std::string list = "# filename\n";
            for (const std::string& file : files) {
                list += file + "\n";
            }
            return list_answer.value_or(list + "\n");
        }
        if (command.starts_with("set ssl cert ") && command.ends_with(" <<")) {
            const std::string file = command.substr(13, command.size() - 16);
            if (!open.empty() && open != file) {
                return "The ongoing transaction is about '" + open + "' but you are trying to set '" + file +
                       "'\n";
            }
            open = file;
            offered_ = heard.substr(command.size() + 1, heard.size() - command.size() - 2);
            return "Transaction created for certificate " + file + "!\n\n";
        }
        if (command == "commit ssl cert " + open) {
            if (commit_answer) {
                return *commit_answer;
            }
            taken.push_back(offered_);
            open.clear();
            return "Committing " + command.substr(16) + ".\nSuccess!\n\n";
        }
        if (command == "abort ssl cert " + open) {
            open.clear();
            return "Transaction aborted for certificate '" + command.substr(15) + "'!\n\n";
        }
        return "Unknown command\n";
    }

    asio::local::stream_protocol::acceptor acceptor_;
    std::string offered_;
};

struct pair {
    std::string key;
    std::string chain;
    std::string fingerprint;
};

struct bench {
    pair make(const std::string& name) const {
        const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
        certificate_plan plan;
        plan.common_name = name;
        plan.san = {{san_kind::dns, name}};
        const auto leaf = root.issue(key.native(), plan);
        return {std::string(key.to_pem().view()), leaf.pem() + root.own().pem(), leaf.fingerprint()};
    }
    static shared_task task(const std::string& name, std::vector<std::string> fingerprints) {
        deployment_task out;
        out.certificate = name;
        out.fingerprints = std::move(fingerprints);
        return std::make_shared<const deployment_task>(std::move(out));
    }
    result<std::size_t> update(std::vector<shared_task> tasks, milliseconds deadline = seconds(5)) {
        std::optional<result<std::size_t>> out;
        asio::co_spawn(loop, update_haproxy(workers, *time, socket, std::move(tasks), deadline),
                       [&](const std::exception_ptr& e, result<std::size_t> value) {
                           REQUIRE_FALSE(e);
                           out = std::move(value);
                       });
        loop.restart();
        const auto give_up = std::chrono::steady_clock::now() + seconds(10);
        while (!out && std::chrono::steady_clock::now() < give_up) {
            loop.run_one_for(milliseconds(100));
        }
        REQUIRE(out.has_value());
        return *out;
    }

    asio::io_context loop;
    worker_pool workers{1};
    std::unique_ptr<time_source> time = make_system_time(loop.get_executor());
    temp_folder files;
    std::string socket = files / "admin.sock";
    authority root = authority::make_root("test root");
};

bool says(const result<std::size_t>& outcome, std::string_view text) {
    return !outcome && outcome.error().text().find(text) != std::string::npos;
}

} // namespace

TEST_CASE("What HAProxy lists are file names that its command line can take") {
    CHECK(listed_files("# transaction\n*/a/b.pem\n# filename\n/a/b.pem\n/c d.pem\n/e.pem\n\n") ==
          std::vector<std::string>{"/a/b.pem", "/e.pem"});
    CHECK(listed_files("").empty());
    CHECK(listed_files("Unknown command: 'show ssl'\n@store/x\nrelative.pem\n").empty());
    CHECK(listed_files("/a;b\n/a\\b\n/a<<b\n/a\tb\n/a\x80\n/no-end") == std::vector<std::string>{"/no-end"});
}

TEST_CASE("A certificate file is read with its key, without what would end it early") {
    bench b;
    const pair one = b.make("a.example");
    const std::string whole = one.key + one.chain;
    const std::string spaced = "junk\n\n" + one.key + "\r\n\n  \nsubject=x\n" + one.chain + "\n\n";
    for (const std::string& text : {whole, spaced, whole.substr(0, whole.size() - 1)}) {
        const auto read = read_certificate_file(b.files.write("combined.pem", text));
        REQUIRE(read.has_value());
        CHECK(read->fingerprint == one.fingerprint);
        CHECK(read->pem.view() == whole);
    }
    b.files.write("fullchain.rsa-2048.pem", one.chain);
    CHECK(read_certificate_file(b.files / "fullchain.rsa-2048.pem").error().code == errc::not_found);
    b.files.write("privkey.rsa-2048.pem", one.key);
    const auto beside = read_certificate_file(b.files / "fullchain.rsa-2048.pem");
    REQUIRE(beside.has_value());
    CHECK(beside->pem.view() == whole);
}

TEST_CASE("What is no certificate file is refused, and a FIFO is not waited for") {
    bench b;
    const pair one = b.make("a.example");
    for (const std::string& text : {std::string(), one.key, std::string("-----BEGIN CERTIFICATE-----\n"),
                                    std::string(300 * 1024, 'x'), one.chain}) {
        CHECK_FALSE(read_certificate_file(b.files.write("odd.pem", text)).has_value());
    }
    REQUIRE(::mkfifo((b.files / "fifo.pem").c_str(), 0600) == 0);
    CHECK_FALSE(read_certificate_file(b.files / "fifo.pem").has_value());
    CHECK_FALSE(read_certificate_file(b.files.path()).has_value());
    CHECK_FALSE(read_certificate_file(b.files / "none.pem").has_value());
}

TEST_CASE("Files that hold the new leaves are replaced, others left alone") {
    bench b;
    scripted_haproxy server(b.loop, b.socket);
    const pair first = b.make("a.example");
    const pair second = b.make("b.example");
    const pair third = b.make("c.example");
    const std::string a = b.files.write("a.pem", first.key + first.chain);
    const std::string copy = b.files.write("a-copy.pem", first.chain + first.key);
    const std::string c = b.files.write("b.pem", second.key + second.chain);
    server.files = {a, copy, c, b.files.write("c.pem", third.key + third.chain), b.files / "gone.pem"};
    const auto done = b.update({bench::task("a", {first.fingerprint}),
                                bench::task("b", {"a leaf that HAProxy does not use", second.fingerprint})});
    REQUIRE(done.has_value());
    CHECK(*done == 3);
    CHECK(server.taken == std::vector<std::string>{first.chain + first.key, first.key + first.chain,
                                                   second.key + second.chain});
    CHECK(server.commands.size() == 7);
    CHECK(server.open.empty());
}

TEST_CASE("Without a file for each certificate nothing is replaced") {
    bench b;
    scripted_haproxy server(b.loop, b.socket);
    const pair first = b.make("a.example");
    const pair second = b.make("b.example");
    server.files = {b.files.write("a.pem", first.key + first.chain)};
    const auto done =
        b.update({bench::task("a", {first.fingerprint}), bench::task("b", {second.fingerprint})});
    CHECK(says(done, "HAProxy has loaded no file that holds the new certificate b"));
    CHECK(server.commands == std::vector<std::string>{"show ssl cert"});
}

TEST_CASE("A HAProxy that is not there, too old, or not for us says why it is reloaded") {
    bench b;
    const auto task = bench::task("a", {"x"});
    CHECK(says(b.update({task}), "there is no socket " + b.socket));
    b.files.write("admin.sock", "");
    CHECK(says(b.update({task}), "nobody listens on " + b.socket));
    ::unlink(b.socket.c_str());
    scripted_haproxy server(b.loop, b.socket);
    for (const std::string& answer :
         {std::string("Unknown command: \x1b[1m\n"), std::string("Permission denied\n"), std::string()}) {
        server.list_answer = answer;
        const auto done = b.update({task});
        CHECK(says(done, "does not list its certificates"));
        CHECK(done.error().text().find('\x1b') == std::string::npos);
    }
    server.list_answer = "# filename\n" + std::string(9 * 1024 * 1024, 'x');
    CHECK(b.update({task}).error().code == errc::too_large);
    server.mute = true;
    CHECK(b.update({task}, milliseconds(50)).error().code == errc::timed_out);
}

TEST_CASE("What time has run out for is taken back all the same") {
    bench b;
    scripted_haproxy server(b.loop, b.socket);
    const pair one = b.make("a.example");
    server.files = {b.files.write("a.pem", one.key + one.chain)};
    server.slow_commit = true;
    server.commit_answer = "";
    CHECK(b.update({bench::task("a", {one.fingerprint})}, milliseconds(300)).error().code == errc::timed_out);
    CHECK(server.open.empty());
}

TEST_CASE("A refused pair is taken back, and no key is told") {
    bench b;
    scripted_haproxy server(b.loop, b.socket);
    const pair one = b.make("a.example");
    server.files = {b.files.write("a.pem", one.key + one.chain)};
    server.commit_answer = "inconsistencies between private key and certificate\n";
    auto done = b.update({bench::task("a", {one.fingerprint})});
    CHECK(says(done, "HAProxy did not take `commit ssl cert " + b.files.path() + "/a.pem`"));
    CHECK(says(done, "inconsistencies"));
    CHECK_FALSE(says(done, "PRIVATE"));
    CHECK(server.open.empty());
    CHECK(server.commands.back() == "abort ssl cert " + b.files.path() + "/a.pem");

    // Somebody else's transaction is left alone.
    server.commit_answer.reset();
    server.open = "/elsewhere.pem";
    done = b.update({bench::task("a", {one.fingerprint})});
    CHECK(says(done, "did not take `set ssl cert"));
    CHECK(server.open == "/elsewhere.pem");
    CHECK(server.taken.empty());
}
