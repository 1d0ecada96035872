#include "tests/core/acme/acme_fixture.hpp"

namespace evercert::acme::testing {
namespace {

awaitable<result<void>> keep_order(acme_fixture* fixture, accepted_order order) {
    fixture->stored_orders.push_back(std::move(order.url));
    if (fixture->store_trouble) {
        co_return fail(*fixture->store_trouble);
    }
    co_return result<void>();
}

} // namespace

awaitable<result<void>> memory_solver::present(challenge_task task) {
    ++presented;
    if (refuse) {
        co_return fail(errc::busy, "port 80 is taken");
    }
    const auto place = std::pair(task.name.value, task.token);
    served.insert_or_assign(place, std::move(task));
    most_served = std::max(most_served, served.size());
    co_return result<void>();
}

awaitable<result<void>> memory_solver::wait_ready(challenge_task task) {
    const milliseconds takes = slowness + slower * waited_++;
    if (takes > milliseconds(0)) {
        co_await sleep_for(time_, takes);
    }
    ready.insert((task.wildcard ? "*." : "") + task.name.value);
    co_return result<void>();
}

awaitable<void> memory_solver::clean_up(challenge_task task) {
    if (slowness > milliseconds(0)) {
        co_await sleep_for(time_, slowness);
    }
    ++cleaned;
    served.erase(std::pair(task.name.value, task.token));
}

std::optional<std::string> memory_solver::fetch(const std::string& name, const std::string& token) {
    const auto found = served.find(std::pair(name, token));
    if (found == served.end()) {
        return std::nullopt;
    }
    if (!silent && found->second.on_fetched) {
        found->second.on_fetched();
    }
    return found->second.key_authorization;
}

crypto::key test_key() {
    static const auto made = crypto::key::generate(key_type::ecdsa_p256);
    return made.value();
}

crypto::key other_test_key() {
    static const auto made = crypto::key::generate(key_type::ecdsa_p256);
    return made.value();
}

std::vector<identifier> names(std::initializer_list<const char*> texts) {
    std::vector<identifier> list;
    for (const char* text : texts) {
        list.push_back(parse_identifier(text).value());
    }
    return list;
}

std::string test_csr(const std::vector<identifier>& for_names) {
    return crypto::make_csr(other_test_key(), for_names).value();
}

issuer acme_fixture::test_issuer() {
    issuer made;
    made.name = "scripted";
    made.directory = scripted_ca::directory_url();
    made.agree_to_terms = true;
    return made;
}

acme_fixture::acme_fixture() : acme_fixture(test_issuer()) {}

acme_fixture::acme_fixture(issuer chosen) : settings(std::move(chosen)) {
    ca.fetch = [this](const std::string& name, const std::string& token) {
        return answers.fetch(name, token);
    };
    renew_client();
}

acme_fixture::~acme_fixture() = default;

void acme_fixture::renew_client() {
    const client_parts parts{ca, time, *random, events};
    acme = make_client(settings, parts, loop.get_executor());
    acme->use_account(test_key(), "");
}

issuance acme_fixture::request_for(const std::vector<identifier>& for_names) {
    issuance request;
    request.certificate = "example";
    request.names = for_names;
    request.csr = test_csr(for_names);
    request.answers = [this](const identifier&) { return std::vector<solver*>{&answers}; };
    request.on_order = [this](accepted_order order) { return keep_order(this, std::move(order)); };
    return request;
}

outcome<std::string> acme_fixture::open_account(bool agree) {
    registration terms;
    terms.contacts = {"ops@example.com"};
    terms.agree_to_terms = agree;
    return run(acme->open_account(std::move(terms)));
}

outcome<issued> acme_fixture::issue(const std::vector<identifier>& for_names) {
    return run(acme->issue(request_for(for_names)));
}

outcome<issued> acme_fixture::all(const std::vector<identifier>& for_names) {
    auto account = open_account();
    if (!account) {
        return std::unexpected(account.error());
    }
    return issue(for_names);
}

} // namespace evercert::acme::testing
