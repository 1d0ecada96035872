#include "tests/core/lifecycle/hostile_answers.hpp"

#include "core/json/writer.hpp"
#include "tests/core/acme/json_mutation.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace evercert::testing {
namespace {

using acme::testing::member_paths;
using acme::testing::with_member;

const std::string up_and_out = "../../../../tmp/evil";

/// As a JSON string.
std::string json_text(std::string_view text) {
    json::writer out;
    out.begin_array().string(text).end_array();
    const std::string list = out.text();
    return list.substr(1, list.size() - 2);
}

/// Of a name for messages.
std::string shown(std::string_view text) {
    return json_text(text.substr(0, 60));
}

http_response plain(unsigned status, std::string type, std::string body) {
    http_response answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", std::move(type));
    answer.body = std::move(body);
    return answer;
}

http_response with_header(http_response answer, std::string_view name,
                          const std::optional<std::string>& text) {
    std::erase_if(answer.headers, [&](const http_header& one) { return one.first == name; });
    if (text) {
        answer.headers.emplace_back(name, *text);
    }
    return answer;
}

/// The same answer, with its nonce, but another status, type and body.
http_response instead(const http_response& honest, http_response other) {
    return with_header(std::move(other), "Replay-Nonce", std::string(honest.header("Replay-Nonce")));
}

hostility always(std::string name, const http_response& answer) {
    return {std::move(name), [answer](const scripted_ca&, const ca_request&, const http_response& honest) {
                return result<http_response>(instead(honest, answer));
            }};
}

hostility failing(std::string name, errc code) {
    return {std::move(name),
            [code](const scripted_ca&, const ca_request&, const http_response&) -> result<http_response> {
                return fail(code, "the connection broke");
            }};
}

/// Another body in the same answer; the function makes it from the honest one.
template <class Change>
hostility body(std::string name, Change change) {
    return {std::move(name), [change](const scripted_ca&, const ca_request&, http_response honest) {
                honest.body = change(honest.body);
                return result<http_response>(std::move(honest));
            }};
}

hostility member(const std::string& path, const std::string& raw) {
    std::string name = path;
    name.append(" = ").append(raw.empty() ? "(missing)" : raw.substr(0, 60));
    return body(std::move(name), [path, raw](const std::string& honest) {
        return honest.starts_with('{') ? with_member(honest, path, raw) : honest;
    });
}

std::string repeated(std::string_view what, std::size_t times) {
    std::string text;
    text.reserve(what.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        text += what;
    }
    return text;
}

/// A problem document all of whose strings are paths.
http_response path_problem(unsigned status, const std::string& type) {
    json::writer out;
    out.begin_object();
    out.member("type", type).member("title", up_and_out).member("detail", "\x1b[31m\r\n" + up_and_out);
    out.member("instance", up_and_out).member("status", static_cast<std::int64_t>(status));
    out.key("identifier").begin_object().member("type", "dns").member("value", up_and_out).end_object();
    out.key("subproblems").begin_array().begin_object().member("type", up_and_out);
    out.member("detail", std::string("a\0b", 3)).end_object().end_array().end_object();
    http_response answer = plain(status, "application/problem+json", out.text());
    answer.headers.emplace_back("Link", "<" + up_and_out + ">;rel=\"terms-of-service\"");
    answer.headers.emplace_back("Location", up_and_out);
    return answer;
}

} // namespace

std::vector<std::string> path_like_texts(const std::string& bait) {
    return {up_and_out, "/etc/passwd", std::string("a\0b", 3), bait};
}

std::vector<hostility> wrong_answers(const std::string& bait) {
    std::vector<hostility> all = {
        failing("connection lost", errc::network),
        failing("timeout", errc::timed_out),
        failing("not TLS", errc::tls),
        failing("more than the client takes", errc::too_large),
        failing("not HTTP", errc::protocol),
        always("500", scripted_ca::problem(500, "serverInternal")),
        always("429", scripted_ca::problem(429, "rateLimited")),
        always("badNonce", scripted_ca::problem(400, "badNonce")),
        always("HTML with 200", plain(200, "text/html", "<html>hello</html>")),
        always("empty with 200", plain(200, "application/json", "")),
        always("204", plain(204, "", "")),
        always("a binary 400", plain(400, "application/problem+json", std::string("\0\xff\x01{", 4))),
        always("a list", plain(200, "application/json", "[]")),
        always("null", plain(200, "application/json", "null")),
        always("deep", plain(200, "application/json", std::string(100'000, '['))),
        always("a huge 403",
               plain(403, "application/problem+json", "{\"detail\":\"" + std::string(300'000, 'A'))),
        always("path", plain(200, "application/json", json_text(up_and_out))),
    };
    auto busy = plain(503, "text/html", "<html>busy</html>");
    busy.headers.emplace_back("Retry-After", "120");
    all.push_back(always("503 with Retry-After", busy));
    for (const std::string& to : {"file://" + bait, std::string("https://ca.example/directory")}) {
        auto moved = plain(302, "text/html", "");
        moved.headers.emplace_back("Location", to);
        all.push_back(always("redirect to " + to, moved));
    }
    all.push_back({"badNonce without nonce", [](const scripted_ca&, const ca_request&, const http_response&) {
                       return result<http_response>(scripted_ca::problem(400, "badNonce"));
                   }});
    for (const unsigned status : {0U, 100U, 200U, 201U, 404U, 410U, 999U}) {
        all.push_back({"status " + std::to_string(status),
                       [status](const scripted_ca&, const ca_request&, http_response honest) {
                           honest.status = status;
                           return result<http_response>(std::move(honest));
                       }});
    }
    for (const char* type : {"unauthorized", "accountDoesNotExist", "malformed", "userActionRequired",
                             "badCSR", "badPublicKey", "rejectedIdentifier", "orderNotReady"}) {
        all.push_back(always(std::string("problem ") + type,
                             path_problem(400, std::string("urn:ietf:params:acme:error:") + type)));
    }
    all.push_back(always("problem of a path", path_problem(403, up_and_out)));
    all.push_back(body("half", [](const std::string& text) { return text.substr(0, text.size() / 2); }));
    all.push_back(body("more behind", [](const std::string& text) { return text + "}{"; }));
    all.push_back(body("NUL first", [](const std::string& text) { return std::string(1, '\0') + text; }));
    all.push_back(body("NUL within", [](std::string text) {
        text.insert(text.size() / 2, 1, '\0');
        return text;
    }));
    all.push_back(body("no UTF-8", [](std::string text) {
        text.insert(text.size() / 2, "\xff\xfe");
        return text;
    }));
    all.push_back(body("huge", [](const std::string& text) { return text + std::string(1'200'000, ' '); }));
    all.push_back(body("members twice", [](std::string text) {
        const auto end = text.rfind('}');
        return text.insert(end == std::string::npos ? text.size() : end, R"(,"status":"valid","status":"x")");
    }));
    return all;
}

std::vector<hostility> wrong_headers(const http_response& honest, const std::string& bait) {
    std::vector<hostility> all;
    const auto add = [&all](const std::string& header, const std::optional<std::string>& text) {
        all.push_back({header + ": " + (text ? shown(*text) : "(missing)"),
                       [header, text](const scripted_ca&, const ca_request&, http_response answer) {
                           return result<http_response>(with_header(std::move(answer), header, text));
                       }});
    };
    std::vector<std::optional<std::string>> texts = {std::nullopt,
                                                     "",
                                                     "a\r\nX-Evil: y",
                                                     "\xff\xfe",
                                                     std::string(100'000, 'A'),
                                                     "https://ca.example/" + up_and_out,
                                                     "<" + up_and_out + ">;rel=\"up\""};
    std::ranges::copy(path_like_texts(bait), std::back_inserter(texts));
    std::set<std::string> names;
    for (const auto& [name, text] : honest.headers) {
        names.insert(name);
    }
    for (const auto& name : names) {
        for (const auto& text : texts) {
            add(name, text);
        }
    }
    for (const char* text : {"-1", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "../evil"}) {
        add("Retry-After", text);
    }
    return all;
}

std::vector<hostility> wrong_members(const http_response& honest, const std::string& bait) {
    std::vector<std::string> replacements = {"",
                                             "null",
                                             "7",
                                             "[]",
                                             json_text(std::string(100'000, 'A')),
                                             "[\"x\"" + repeated(",\"x\"", 2000) + "]"};
    for (const auto& text : path_like_texts(bait)) {
        replacements.push_back(json_text(text));
    }
    std::vector<hostility> all;
    for (const auto& path : member_paths(honest.body)) {
        for (const auto& raw : replacements) {
            all.push_back(member(path, raw));
        }
        if (path.ends_with("status")) {
            for (const char* word : {"pending", "ready", "valid", "invalid"}) {
                all.push_back(member(path, json_text(word)));
            }
        }
    }
    return all;
}

std::vector<hostility> wrong_tokens(const std::string& path, const std::string& bait) {
    std::vector<std::string> texts = {"../../etc/passwd",
                                      "a/b",
                                      "a b",
                                      "a\r\nX: y",
                                      "a\\b",
                                      "%2e%2e",
                                      "t\xc3\xb6ken",
                                      "a;rm -rf",
                                      std::string(513, 'a'),
                                      std::string(1, '\0'),
                                      ".",
                                      "..",
                                      "$(id)"};
    std::ranges::copy(path_like_texts(bait), std::back_inserter(texts));
    std::vector<hostility> all;
    for (const auto& text : texts) {
        all.push_back(member(path, json_text(text)));
    }
    return all;
}

std::vector<hostility> wrong_urls(const std::string& path) {
    const std::vector<std::string> urls = {"http://ca.example/x",
                                           "https://127.0.0.1/x",
                                           "https://[::1]/x",
                                           "https://localhost/x",
                                           "https://10.0.0.1:8443/x",
                                           "https://user:pw@ca.example/x",
                                           "file:///etc/passwd",
                                           "gopher://x/",
                                           "https://ca.example/x y",
                                           "https://ca.example/\r\nX: y",
                                           std::string("https://ca.example/a\0b", 22),
                                           "https://2130706433/x",
                                           "https://0x7f.1/x",
                                           "https://metadata/x",
                                           "https://ca.example:99999/x",
                                           "https://",
                                           "https://a.localhost/",
                                           "//evil.example/x",
                                           "https://ca.example/" + std::string(3000, 'a'),
                                           "https://ca.example@10.1.1.1/",
                                           "https://ca.example/../../../../tmp/evil",
                                           "https://other.example/..%2f..%2fevil"};
    std::vector<hostility> all;
    for (const auto& url : urls) {
        // Authorizations are a list of URLs.
        all.push_back(member(path, path == "authorizations" ? "[" + json_text(url) + "]" : json_text(url)));
    }
    return all;
}

std::vector<hostility> wrong_orders() {
    std::vector<hostility> all;
    for (const char* list :
         {R"([{"type":"dns","value":"evil.example.com"}])",
          R"([{"type":"dns","value":"a.example"},{"type":"dns","value":"evil.example.com"}])",
          R"([{"type":"ip","value":"a.example"}])", R"([{"type":"dns","value":"*.a.example"}])",
          R"([{"type":"dns","value":"a.example\u0000.evil"}])",
          R"([{"type":"dns","value":"../../../../tmp/evil"}])",
          R"([{"type":"../../../../tmp/evil","value":"a.example"}])"}) {
        all.push_back(member("identifiers", list));
    }
    for (const std::size_t count : {std::size_t(300), std::size_t(2000)}) {
        std::string urls = "\"https://ca.example/authz/0\"";
        for (std::size_t i = 1; i < count; ++i) {
            urls += ",\"https://ca.example/authz/" + std::to_string(i) + "\"";
        }
        all.push_back(member("authorizations", "[" + urls + "]"));
    }
    return all;
}

} // namespace evercert::testing
