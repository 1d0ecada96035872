#pragma once
// One change of a TXT record through the HTTP API of a DNS service: its deadline, its secret and the
// exchanges that it takes.
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/json/value.hpp"
#include "core/ports/http_client.hpp"
#include "solvers/dns01/name_queue.hpp"
#include "solvers/dns01/secret_source.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

/// What every provider is made with. All of it outlives the provider, and that its calls.
struct api_world {
    http_client& http;
    time_source& time;
    worker_pool& files; ///< reads secrets

    api_world(http_client& h, time_source& t, worker_pool& f) : http(h), time(t), files(f) {}
};

struct api_timing {
    milliseconds deadline = seconds(60); ///< one add or remove with all its exchanges and waits
    milliseconds request = seconds(20);  ///< one exchange

    api_timing() = default;
    explicit api_timing(milliseconds whole) : deadline(whole) {}
};

/// What differs between services for every exchange. The functions see the secret; they keep nothing of it.
struct api_service {
    std::string name;                ///< "Cloudflare", for messages
    std::string secret_is = "token"; ///< what they call it
    std::string permission;          ///< what it has to be allowed: "Zone: Read and DNS: Edit"
    secret_source secret;            ///< empty: the service wants none
    bool one_line = true;            ///< a secret of several lines is a wrong file
    std::size_t longest_secret = 4096;
    std::string media = "application/json"; ///< of requests and answers
    bool allow_http = false;
    api_timing timing;
    /// Adds what proves who we are; anew for each exchange, as signatures have a date.
    std::function<result<void>(http_request&, std::string_view secret)> authorize;
    /// Failed answers, beside 429 and 5xx, that ask to come again in a moment. May be empty.
    std::function<bool(const http_response&)> busy;
};

class api_operation {
public:
    api_operation(const api_world& world, const api_service& service);
    api_operation(const api_operation&) = delete;
    api_operation& operator=(const api_operation&) = delete;

    /// Waits for the turn of this name and reads the secret.
    awaitable<result<void>> begin(name_queue& queue, std::string name);
    /// Lets others change the name while this one only waits.
    void leave_queue() noexcept { turn_.leave(); }
    /// At the end of the row again, after leave_queue.
    awaitable<result<void>> queue_again();

    /// One exchange. A connection that fails, 5xx, 429 and `busy` are tried again, as long as there is time:
    /// what is sent has to bear that. Any other answer is a value. Errors: timed_out, network, tls,
    /// too_large, ...
    awaitable<result<http_response>> call(http_request request);
    /// Whether an exchange of the last call failed in a way that may have left its effect.
    [[nodiscard]] bool uncertain() const noexcept { return uncertain_; }
    /// errc::timed_out, saying for what, if the time is up before.
    awaitable<result<void>> pause(milliseconds how_long, std::string what_for);

    /// For an answer that is not the one hoped for: what it means and what to do, and in `foreign` what the
    /// service said. `tried` fits into "for ...": "adding a record".
    [[nodiscard]] error refusal(const http_response& answer, std::string_view tried) const;
    /// The JSON of an answer, or errc::protocol.
    [[nodiscard]] result<json::value> parse(const http_response& answer) const;
    /// For an answer of 2xx that does not hold what it should.
    [[nodiscard]] error odd(const error& why, const http_response& answer) const;

    [[nodiscard]] std::string_view secret() const noexcept { return secret_.view(); }
    /// Text that must not be seen in an error even if the service repeats it.
    void hide(std::string_view text);

private:
    enum class again { no, after_backoff, when_asked };
    [[nodiscard]] again judge(const result<http_response>& answer) const;
    [[nodiscard]] milliseconds wait_before(const result<http_response>& answer, again why,
                                           unsigned failures) const;
    [[nodiscard]] milliseconds left() const;
    [[nodiscard]] std::string words(std::string_view body) const;
    void mask(std::string& text) const;
    [[nodiscard]] error failed(const result<http_response>& answer, const http_request& request,
                               unsigned attempts) const;

    api_world world_;
    const api_service& service_;
    steady_time deadline_;
    name_queue* queue_ = nullptr;
    std::string name_;
    name_queue::turn turn_;
    crypto::secret secret_;
    std::vector<crypto::secret> hidden_;
    bool uncertain_ = false;
};

inline bool is_success(const http_response& answer) noexcept {
    return answer.status / 100 == 2;
}

/// A request with a JSON body, or with none if it is empty.
http_request make_request(std::string method, std::string url, std::string body = {});

} // namespace evercert::solvers
