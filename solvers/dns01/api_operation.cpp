#include "solvers/dns01/api_operation.hpp"

#include "solvers/dns01/api_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

namespace {

constexpr unsigned most_failures = 4; ///< of connections and servers; 429 is bounded by time
constexpr milliseconds first_backoff = seconds(1);
constexpr milliseconds usual_wait = seconds(5); ///< for a 429 that does not say how long
constexpr milliseconds shortest_wait = seconds(1);

bool visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void replace_all(std::string& text, std::string_view what) {
    constexpr std::string_view stars = "***";
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + stars.size())) {
        text.replace(at, what.size(), stars);
    }
}

errc meaning_of(unsigned status) {
    if (status == 404) {
        return errc::not_found;
    }
    if (status == 429) {
        return errc::busy;
    }
    return status >= 500 ? errc::network : errc::refused;
}

} // namespace

http_request make_request(std::string method, std::string url, std::string body) {
    http_request request(std::move(method), std::move(url));
    request.body = std::move(body);
    return request;
}

api_operation::api_operation(const api_world& world, const api_service& service)
    : world_(world), service_(service), deadline_(world.time.steady_now() + service.timing.deadline) {}

milliseconds api_operation::left() const {
    return std::chrono::floor<milliseconds>(deadline_ - world_.time.steady_now());
}

awaitable<result<void>> api_operation::queue_again() {
    auto turn = co_await queue_->enter(name_, deadline_);
    if (!turn) {
        co_return fail(std::move(turn.error()));
    }
    turn_ = std::move(*turn);
    co_return result<void>();
}

awaitable<result<void>> api_operation::begin(name_queue& queue, std::string name) {
    queue_ = &queue;
    name_ = std::move(name);
    auto entered = co_await queue_again();
    if (!entered) {
        co_return entered;
    }
    if (service_.secret.empty()) {
        co_return result<void>();
    }
    auto read = [from = service_.secret, limit = service_.longest_secret] { return from.read(limit); };
    auto secret = co_await world_.files.run(std::move(read));
    if (!secret) {
        co_return fail(std::move(secret.error()));
    }
    if (service_.one_line && !visible(secret->view())) {
        co_return fail(
            errc::invalid_argument,
            fmt::format(
                "{} does not hold one {} and nothing else: a line break, a space or another byte that "
                "does not belong is in it",
                service_.secret.place(), service_.secret_is));
    }
    secret_ = std::move(*secret);
    co_return result<void>();
}

void api_operation::hide(std::string_view text) {
    hidden_.emplace_back(std::string(text));
}

awaitable<result<http_response>> api_operation::call(http_request request) {
    uncertain_ = false;
    request.headers.insert(request.headers.begin(), http_header("Accept", service_.media));
    if (!request.body.empty()) {
        request.headers.emplace_back("Content-Type", service_.media);
    }
    request.allow_http = request.allow_http || service_.allow_http;
    unsigned failures = 0;
    for (unsigned attempts = 1;; ++attempts) {
        http_request sent = request;
        sent.deadline = std::min(service_.timing.request, left());
        if (sent.deadline <= milliseconds(0)) {
            co_return fail(errc::timed_out, fmt::format("the time ({}) was up before {} {}",
                                                        format_duration(service_.timing.deadline),
                                                        request.method, request.url));
        }
        if (service_.authorize) {
            auto authorized = service_.authorize(sent, secret_.view());
            if (!authorized) {
                co_return fail(std::move(authorized.error()));
            }
        }
        auto answer = co_await world_.http.send(std::move(sent));
        const again how = judge(answer);
        if (how == again::no) {
            if (!answer) {
                co_return fail(failed(answer, request, attempts));
            }
            co_return std::move(*answer);
        }
        failures += how == again::after_backoff ? 1 : 0;
        uncertain_ = uncertain_ || how == again::after_backoff;
        const auto wait = wait_before(answer, how, failures);
        if (failures >= most_failures || wait >= left()) {
            co_return fail(failed(answer, request, attempts));
        }
        co_await sleep_for(world_.time, wait);
    }
}

api_operation::again api_operation::judge(const result<http_response>& answer) const {
    if (!answer) {
        const auto code = answer.error().code;
        return code == errc::network || code == errc::timed_out ? again::after_backoff : again::no;
    }
    if (answer->status == 429 || (service_.busy && !is_success(*answer) && service_.busy(*answer))) {
        return again::when_asked;
    }
    return answer->status >= 500 ? again::after_backoff : again::no;
}

milliseconds api_operation::wait_before(const result<http_response>& answer, again why,
                                        unsigned failures) const {
    const auto asked = answer ? asked_to_wait(*answer, world_.time.now()) : std::nullopt;
    if (why == again::when_asked) {
        return std::max(asked.value_or(usual_wait), shortest_wait);
    }
    const milliseconds backoff = first_backoff * (1U << std::min(failures - 1, 4U));
    return std::max(asked.value_or(backoff), backoff);
}

error api_operation::failed(const result<http_response>& answer, const http_request& request,
                            unsigned attempts) const {
    const std::string tried = fmt::format("{} {}", request.method, request.url);
    if (answer) {
        auto out = refusal(*answer, tried);
        out.message += attempts > 1 ? fmt::format(" (tried {} times)", attempts) : "";
        return out;
    }
    const auto& why = answer.error();
    return error(why.code,
                 fmt::format("{} failed{}: {}", tried, attempts > 1 ? fmt::format(" {} times", attempts) : "",
                             why.message),
                 why.foreign);
}

awaitable<result<void>> api_operation::pause(milliseconds how_long, std::string what_for) {
    if (how_long >= left()) {
        co_return fail(errc::timed_out, fmt::format("the time ({}) was up before {}",
                                                    format_duration(service_.timing.deadline), what_for));
    }
    co_await sleep_for(world_.time, how_long);
    co_return result<void>();
}

std::string api_operation::words(std::string_view body) const {
    std::string text(body);
    mask(text); // before anything is cut off
    text = words_of(text);
    mask(text); // and what stood there escaped
    return text;
}

void api_operation::mask(std::string& text) const {
    if (!secret_.empty()) {
        replace_all(text, secret_.view());
    }
    for (const auto& each : hidden_) {
        if (!each.empty()) {
            replace_all(text, each.view());
        }
    }
}

error api_operation::refusal(const http_response& answer, std::string_view tried) const {
    std::string what;
    const std::string& place = service_.secret.place();
    const std::string holder = place.empty() ? "a request without a password"
                                             : fmt::format("the {} in {}", service_.secret_is, place);
    if (answer.status == 401) {
        what = fmt::format("{} is not accepted: put a valid one there, nothing has to be reloaded", holder);
    } else if (answer.status == 403) {
        what =
            fmt::format("{} is not accepted, or not allowed this; it needs {}", holder, service_.permission);
    } else if (answer.status == 429) {
        what = "too many requests, and the wait that is asked for is longer than the time there is";
    } else if (answer.status >= 500) {
        what = "the service is in trouble";
    } else if (answer.status == 404) {
        what = "it does not exist there";
    } else {
        what = "that was refused";
    }
    return error(meaning_of(answer.status), fmt::format("{}: {} (HTTP {})", tried, what, answer.status),
                 words(answer.body));
}

result<json::value> api_operation::parse(const http_response& answer) const {
    auto document = json::parse(answer.body, std::max<std::size_t>(answer.body.size(), 1));
    if (!document) {
        return fail(odd(document.error(), answer));
    }
    return document;
}

error api_operation::odd(const error& why, const http_response& answer) const {
    return error(errc::protocol,
                 fmt::format("an answer of {} (HTTP {}) makes no sense: {}", service_.name, answer.status,
                             why.message),
                 words(answer.body));
}

} // namespace evercert::solvers
