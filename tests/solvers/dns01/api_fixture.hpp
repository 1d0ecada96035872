#pragma once
// A provider, a script instead of its service, a clock that is moved, and a folder for its secret.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

namespace evercert::testing {

/// One call of a provider under way.
struct running {
    std::optional<result<void>> outcome;
    std::exception_ptr thrown;
    asio::cancellation_signal stop;

    [[nodiscard]] bool ended() const { return outcome.has_value() || thrown != nullptr; }
};

struct api_fixture {
    asio::io_context loop;
    fake_time time{loop};
    worker_pool files{0, worker_pool::inline_work::in_turn};
    scripted_http http;
    temp_folder folder;
    solvers::api_world world{http, time, files};
    std::unique_ptr<solvers::dns_provider> provider;

    static constexpr const char* value = "ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8";
    static constexpr const char* other = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM";

    solvers::secret_source secret(const std::string& text = "t0ken\n") const {
        return solvers::secret_source::file(folder.write("token", text));
    }

    void use(result<std::unique_ptr<solvers::dns_provider>> made) {
        REQUIRE(made.has_value());
        provider = std::move(*made);
    }

    static solvers::txt_task task(const std::string& text = value,
                                  const std::string& name = "www.example.com") {
        solvers::txt_task out;
        out.domain = name;
        out.token = "tok";
        out.key_authorization = "tok.thumb";
        out.record = "_acme-challenge." + name;
        out.target = out.record;
        out.value = text;
        return out;
    }

    std::unique_ptr<running> start(awaitable<result<void>> call) {
        auto out = std::make_unique<running>();
        auto ended = [at = out.get()](std::exception_ptr thrown, result<void> outcome) {
            at->thrown = thrown;
            if (!thrown) {
                at->outcome = std::move(outcome);
            }
        };
        asio::co_spawn(loop, std::move(call),
                       asio::bind_cancellation_slot(out->stop.slot(), std::move(ended)));
        return out;
    }
    result<void> run(awaitable<result<void>> call) {
        auto under_way = start(std::move(call));
        const bool ended = time.run_until([&] { return under_way->ended(); }, std::chrono::hours(1));
        REQUIRE(ended);
        REQUIRE(under_way->thrown == nullptr);
        return *under_way->outcome;
    }
    result<void> add(const solvers::txt_task& what) { return run(provider->add(what)); }
    result<void> remove(const solvers::txt_task& what) { return run(provider->remove(what)); }

    ~api_fixture() {
        CHECK(http.done()); // every step of the script was needed
    }
};

/// For most: who we are, what we want, and what we send.
inline std::function<std::vector<http_header>(const http_request&)>
headers_with(http_header proof, std::string media = "application/json") {
    return [proof, media](const http_request& request) {
        std::vector<http_header> out{{"Accept", media}};
        if (!request.body.empty()) {
            out.emplace_back("Content-Type", media);
        }
        out.push_back(proof);
        return out;
    };
}

inline bool says(const result<void>& outcome, std::string_view what) {
    return !outcome && outcome.error().text().find(what) != std::string::npos;
}

} // namespace evercert::testing
