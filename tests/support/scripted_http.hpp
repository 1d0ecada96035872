#pragma once
// An http_client that follows a script: each request is checked, whole, against the next step of it.
#include "core/ports/http_client.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace evercert::testing {

class scripted_http final : public http_client {
public:
    struct step {
        std::string method;
        std::string url;
        std::string body;
        /// nullopt: never answers.
        std::optional<result<http_response>> answer;
    };

    /// The headers that every request must have, in their order; made from the request, as some depend on it.
    std::function<std::vector<http_header>(const http_request&)> headers;
    std::vector<http_request> requests; ///< all that were sent
    std::deque<step> script;

    scripted_http& expect(std::string method, std::string url, std::string body, unsigned status,
                          std::string answer, std::vector<http_header> answer_headers = {}) {
        http_response response;
        response.status = status;
        response.body = std::move(answer);
        response.headers = std::move(answer_headers);
        return add(std::move(method), std::move(url), std::move(body),
                   result<http_response>(std::move(response)));
    }
    scripted_http& expect_failure(std::string method, std::string url, std::string body, errc code,
                                  std::string message = "scripted") {
        return add(std::move(method), std::move(url), std::move(body),
                   result<http_response>(fail(code, std::move(message))));
    }
    scripted_http& expect_silence(std::string method, std::string url, std::string body) {
        return add(std::move(method), std::move(url), std::move(body), std::nullopt);
    }
    [[nodiscard]] bool done() const { return script.empty(); }

    awaitable<result<http_response>> send(http_request request) override {
        requests.push_back(request);
        if (script.empty()) {
            const std::string what = request.method + " " + request.url + " " + request.body;
            FAIL_CHECK("a request that nobody expected: " << what);
            co_return fail(errc::internal, "the script is at its end");
        }
        step next = std::move(script.front());
        script.pop_front();
        CHECK(request.method == next.method);
        CHECK(request.url == next.url);
        CHECK(request.body == next.body);
        if (headers) {
            CHECK(request.headers == headers(request));
        }
        CHECK(request.deadline > milliseconds(0));
        if (!next.answer) {
            asio::steady_timer never(co_await asio::this_coro::executor,
                                     asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        }
        // As the real one: a longer body is an error of its own.
        if (next.answer->has_value() && (*next.answer)->body.size() > request.body_limit) {
            co_return fail(errc::too_large, "scripted: the answer is too long");
        }
        co_return std::move(*next.answer);
    }

private:
    scripted_http& add(std::string method, std::string url, std::string body,
                       std::optional<result<http_response>> answer) {
        step made;
        made.method = std::move(method);
        made.url = std::move(url);
        made.body = std::move(body);
        made.answer = std::move(answer);
        script.push_back(std::move(made));
        return *this;
    }
};

} // namespace evercert::testing
