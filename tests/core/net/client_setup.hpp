#pragma once
// A root, its trust file, a client and whatever server the test wants.
#include "core/net/http_client.hpp"
#include "tests/core/net/fixture.hpp"

namespace evercert::testing {

using after = reply::then;

struct client_setup {
    net::http_client_settings settings() const {
        net::http_client_settings s;
        s.trust = trust;
        s.user_agent = "evercert/test";
        return s;
    }

    void serve(scripted_server::script what,
               const std::vector<std::string>& names = {"127.0.0.1", "localhost"}) {
        server.emplace(loop, root.issue(names), std::move(what));
    }

    void client_with(net::http_client_settings s) {
        client = net::make_http_client(loop.get_executor(), std::move(s));
    }

    result<http_response> send(http_request request) { return run(loop, client->send(std::move(request))); }
    result<http_response> get(const std::string& path = "/") { return send({"GET", server->url(path)}); }
    result<http_response> post(const std::string& body) {
        http_request request("POST", server->url("/post"));
        request.body = body;
        return send(std::move(request));
    }

    client_setup() {
        trust = folder.write("root.pem", root.root);
        client_with(settings());
    }

    asio::io_context loop;
    temp_folder folder;
    test_root root;
    std::string trust;
    std::unique_ptr<http_client> client;
    std::optional<scripted_server> server;
};

inline bool says(const result<http_response>& r, std::string_view what) {
    return !r && r.error().text().find(what) != std::string::npos;
}

} // namespace evercert::testing
