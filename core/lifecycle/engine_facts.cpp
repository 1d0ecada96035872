// What issuers say of themselves and of our accounts there, as far as records in the DNS depend on it.
#include "core/lifecycle/engine_impl.hpp"

#include <utility>

namespace evercert::lifecycle {

awaitable<result<std::vector<issuer_facts>>> engine_impl::facts(std::string certificate) {
    const entry_ptr who = find(certificate);
    if (!who) {
        co_return fail(no_such_certificate(certificate));
    }
    const certificate_ptr wanted = who->wanted; // a reload meanwhile may bring another
    std::vector<issuer_facts> all;
    for (const std::string& name : wanted->policy->issuers) {
        auto one = co_await facts_of(name);
        all.push_back(std::move(one));
    }
    co_return all;
}

awaitable<issuer_facts> engine_impl::facts_of(std::string issuer_name) {
    issuer_facts known;
    known.issuer = issuer_name;
    if (!issuers_.contains(issuer_name)) {
        known.trouble = "it is not in the configuration any more";
        co_return known;
    }
    const auto trouble = [&known](const acme::failure& why) {
        if (known.trouble.empty()) {
            known.trouble = explain(why, classify(why));
        }
    };
    const auto session = session_of(issuer_name);
    auto opened = co_await session->ready();
    if (opened) {
        const auto account = co_await recorded_account(issuer_name);
        known.account_url = account.url;
        known.thumbprint = account.thumbprint;
        known.trouble = account.trouble;
    } else {
        trouble(opened.error());
    }
    // A CA that takes no account from us says of itself what it says to all.
    const auto client = session->client();
    if (!client) {
        trouble(client.error());
        co_return known;
    }
    auto said = co_await (*client)->describe();
    if (!said) {
        trouble(said.error());
        co_return known;
    }
    known.account_hash_prefix = std::move(said->account_hash_prefix);
    known.issuer_domains = said->issuer_domains.empty() ? said->caa_identities : said->issuer_domains;
    known.caa_identities = std::move(said->caa_identities);
    co_return known;
}

} // namespace evercert::lifecycle
