#include "core/preflight/remembering_dns.hpp"

#include "core/base/text.hpp"

namespace evercert::survey {

awaitable<result<dns_answer>> remembering_dns::resolve(dns_question what) {
    const std::pair key(to_lower_ascii(what.name), what.type);
    const auto found = known_.find(key);
    if (found != known_.end()) {
        co_return found->second;
    }
    auto answer = co_await asks_.resolve(std::move(what));
    if (key.second != dns_type::txt) {
        known_.insert_or_assign(key, answer);
    }
    co_return answer;
}

awaitable<result<dns_answer>> remembering_dns::ask(endpoint server, dns_question what) {
    return asks_.ask(std::move(server), std::move(what));
}

awaitable<result<dns_answer>> remembering_dns::update(endpoint server, dns_update what, const tsig_key* key) {
    return asks_.update(std::move(server), std::move(what), key);
}

} // namespace evercert::survey
