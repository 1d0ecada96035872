// A CA that means harm, and a real disk: a certificate with a good version is to be renewed, and one kind of
// request is answered wrongly as often as it is asked. Whatever the answer is, nothing is written but where
// it belongs, version 1 stays as it is, and what is live is whole; and an honest CA renews it afterwards.
#include "core/backends/filesystem_store.hpp"
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/lifecycle/engine_fixture.hpp"
#include "tests/core/lifecycle/guarded_folder.hpp"
#include "tests/core/lifecycle/hostile_answers.hpp"

#include <set>
#include <sstream>
#include <stdexcept>

using namespace evercert;
using namespace evercert::testing;
using lifecycle::state;

namespace {

const std::string name(guarded_name);
/// Far more than all tries of one case need.
constexpr std::size_t most_requests = 500;

/// The kind of a request: its numbers do not matter.
std::string kind_of(const ca_request& request) {
    std::string kind = request.method + " " + request.path;
    std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
    return kind;
}

/// The engine with the real ACME client.
struct world : engine_on_disk {
    scripted_ca ca{time};
    acme::testing::memory_solver answers{time};

    explicit world(store& disk) : engine_on_disk(disk) {
        issuer& one = plan.issuers.at("ca");
        one.directory = scripted_ca::directory_url();
        one.contacts = {"ops@example.com"};
        plan.solvers.emplace("http", &answers);
        ca.fetch = [this](const std::string& asked, const std::string& token) {
            return answers.fetch(asked, token);
        };
        ca.before = [this](const ca_request&) -> std::optional<result<http_response>> {
            if (ca.requests.size() > most_requests) {
                throw std::runtime_error("requests without end"); // or the test would not end either
            }
            return std::nullopt;
        };
        make_client = [this](const issuer& settings) -> result<std::unique_ptr<acme::client>> {
            const acme::client_parts parts{ca, time, *random, events};
            return acme::make_client(settings, parts, loop.get_executor());
        };
        add(name);
    }
    ~world() { stop(); }

    [[nodiscard]] bool at_rest() const {
        const state now = show(name).where;
        return now == state::waiting || now == state::failing;
    }
    [[nodiscard]] unsigned live() const {
        const auto now = show(name).live;
        return now ? now->version : 0;
    }
    /// The end of what is under way, if it comes within hours.
    bool comes_to_rest() {
        return time.run_until([this] { return at_rest(); }, std::chrono::hours(3));
    }
};

/// One request of an honest renewal, and its answer.
struct exchange {
    std::string kind;
    http_response answer;
};

/// Version 1 is live, and the CA does not know us yet, so that a renewal begins with an account.
struct beginning {
    tree files;
    std::vector<exchange> conversation;
};

std::unique_ptr<store> open_disk(const guarded_folder& place) {
    auto disk = backends::open_filesystem_store(place.data_dir());
    REQUIRE(disk);
    return std::move(*disk);
}

beginning make_beginning() {
    beginning made;
    guarded_folder place;
    const auto disk = open_disk(place);
    world w(*disk);
    w.ca.after = [&made](const ca_request& request, http_response answer) -> result<http_response> {
        made.conversation.push_back({kind_of(request), answer});
        if (request.path.starts_with("/cert/")) {
            // Only the leaf: each case reads version 1 anew, and parsing intermediates takes most of that.
            answer.body.resize(answer.body.find("-----BEGIN", 1));
        }
        return answer;
    };
    w.start();
    REQUIRE(w.until(state::waiting, name));
    w.stop();
    made.files = place.data();
    REQUIRE(place.trouble(made.files, made.files, w.time.now()) == "");
    std::erase_if(made.files, [](const auto& entry) {
        return entry.first == "lock" || entry.first.starts_with("accounts");
    });
    return made;
}

const beginning& prepared() {
    static const beginning once = make_beginning();
    return once;
}

/// What is answered wrongly, and how.
struct scene {
    std::string kind;        ///< of the requests
    std::size_t from = 0;    ///< the first of them, counted from the first of all
    bool alternates = false; ///< the operator prefers another chain than the default
    hostility what;
};

/// What the case has left behind that a restart and an honest CA could stumble over: files, foreign texts in
/// the records, and where the CA stands.
std::string remains(const tree& data, const scripted_ca& ca) {
    std::string all;
    for (const auto& [path, node] : data) {
        all += path + "\n";
        const bool honest = !ca.orders.empty() && node.contents == ca.orders.back().chain_pem;
        if (path.ends_with("/fullchain.pem") && !honest) {
            all += node.contents;
        }
        std::istringstream record(path.ends_with(".json") ? node.contents : std::string());
        for (std::string line; std::getline(record, line);) {
            all += line.find("url\"") == std::string::npos ? "" : line + "\n";
        }
    }
    for (const auto& order : ca.orders) {
        all += order.status + "\n";
    }
    for (const auto& one : ca.authorizations) {
        all += one.status + "\n";
    }
    return all;
}

/// Runs cases on one folder and counts them.
class stage {
public:
    /// What went wrong, or empty.
    std::string play(const scene& one) {
        ++cases_;
        place_.fill(prepared().files);
        const auto disk = open_disk(place_);
        world w(*disk);
        if (one.alternates) {
            w.ca.alternates = 2;
            w.plan.issuers.at("ca").preferred_chain = w.ca.pki().upper().own().subject_common_name();
        }
        w.start();
        if (!w.comes_to_rest() || w.live() != 1) {
            return "the beginning is not as it should be";
        }
        bool met = false;
        w.ca.after = [&](const ca_request& request, http_response honest) -> result<http_response> {
            if (request.index < one.from || kind_of(request) != one.kind) {
                return honest;
            }
            met = true;
            return one.what.make(w.ca, request, std::move(honest));
        };
        std::string told;
        if (!w.engine->renew(name, true) || !w.comes_to_rest()) {
            told += "it hangs; ";
        }
        w.time.advance(std::chrono::minutes(2)); // and a second try
        told += w.comes_to_rest() ? "" : "it hangs the second time; ";
        told += met ? "" : "the scene was not played; ";
        const tree left = place_.data();
        told += place_.trouble(left, prepared().files, w.time.now());
        renewed_ += w.live() > 1 ? 1 : 0;
        if (met_before_.insert(remains(left, w.ca)).second) {
            told += recover(w);
        }
        if (w.events.count("internal.exception") > 0) {
            told += w.events.last("internal.exception")->message;
        }
        return told;
    }
    void play_all(const std::string& kind, std::size_t from, const std::vector<hostility>& ways) {
        for (const hostility& way : ways) {
            CAPTURE(kind, from, way.name);
            scene one;
            one.kind = kind;
            one.from = from;
            one.what = way;
            CHECK(play(one) == "");
        }
    }
    [[nodiscard]] std::string bait() const { return place_.bait(); }
    [[nodiscard]] std::size_t cases() const noexcept { return cases_; }
    /// Cases in which the wrong answer did not matter.
    [[nodiscard]] std::size_t renewed() const noexcept { return renewed_; }
    /// Cases that an honest CA was asked after.
    [[nodiscard]] std::size_t recovered() const noexcept { return recovered_; }

private:
    /// A restart, which reads again what was stored, and a CA that is honest from now on.
    std::string recover(world& w) {
        ++recovered_;
        std::string told;
        w.ca.after = nullptr;
        w.crash_and_restart();
        if (!w.comes_to_rest()) {
            told += "it hangs after a restart; ";
        }
        const unsigned before = w.live();
        if (!w.engine->renew(name, true) ||
            !w.time.run_until([&] { return w.live() > before && w.at_rest(); }, std::chrono::hours(30))) {
            told += "an honest CA does not help any more: " + w.show(name).problem + "; ";
        }
        return told + place_.trouble(place_.data(), prepared().files, w.time.now());
    }

    guarded_folder place_;
    std::size_t cases_ = 0;
    std::size_t renewed_ = 0;
    std::size_t recovered_ = 0;
    std::set<std::string> met_before_; ///< remains; going on from the same again shows nothing new
};

} // namespace

TEST_CASE("wrong answers to each request of a renewal in turn leave the disk in order") {
    stage on;
    const auto& conversation = prepared().conversation;
    REQUIRE(conversation.size() == 11);
    for (std::size_t at = 0; at < conversation.size(); ++at) {
        on.play_all(conversation[at].kind, at, wrong_answers(on.bait()));
    }
    CHECK(on.cases() > 400);
    CHECK(on.renewed() < on.cases() / 2);
    CHECK(on.recovered() > 20);
}

TEST_CASE("wrong headers in each answer in turn leave the disk in order") {
    stage on;
    const auto& conversation = prepared().conversation;
    for (std::size_t at = 0; at < conversation.size(); ++at) {
        on.play_all(conversation[at].kind, at, wrong_headers(conversation[at].answer, on.bait()));
    }
    CHECK(on.cases() > 250);
    CHECK(on.renewed() < on.cases());
}

TEST_CASE(
    "each member of each answer missing, of another type, huge or like a path leaves the disk in order") {
    stage on;
    const auto& conversation = prepared().conversation;
    for (std::size_t at = 0; at < conversation.size(); ++at) {
        on.play_all(conversation[at].kind, at, wrong_members(conversation[at].answer, on.bait()));
    }
    CHECK(on.cases() > 700);
    CHECK(on.renewed() < on.cases());
}

TEST_CASE("tokens, URLs and names that are traps leave the disk in order") {
    stage on;
    on.play_all("POST /authz/", 0, wrong_tokens("challenges.2.token", on.bait()));
    on.play_all("POST /challenge/", 0, wrong_tokens("token", on.bait()));
    struct place {
        const char* kind;
        const char* member;
    };
    for (const auto& where : {place{"GET /directory", "newNonce"}, place{"GET /directory", "newAccount"},
                              place{"GET /directory", "newOrder"}, place{"POST /new-order", "authorizations"},
                              place{"POST /new-order", "finalize"}, place{"POST /authz/", "challenges.2.url"},
                              place{"POST /order/", "certificate"}}) {
        on.play_all(where.kind, 0, wrong_urls(where.member));
    }
    on.play_all("POST /new-order", 0, wrong_orders());
    CHECK(on.cases() > 190);
    CHECK(on.renewed() < on.cases() / 2);
}

TEST_CASE("a chain that is none, is another's or holds a private key is never live") {
    stage on;
    const auto ways = wrong_chains(on.bait());
    on.play_all("POST /cert/", 0, ways);
    // The same in place of a chain that the operator prefers.
    for (const hostility& way : ways) {
        CAPTURE(way.name);
        scene one;
        one.kind = "POST /alternate/";
        one.alternates = true;
        one.what = way;
        CHECK(on.play(one) == "");
    }
    CHECK(on.cases() > 100);
}
