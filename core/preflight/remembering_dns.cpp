#include "core/preflight/remembering_dns.hpp"

#include "core/base/text.hpp"

namespace evercert::survey {

awaitable<result<dns_answer>> remembering_dns::resolve(dns_question what) {
    const question key(std::string(), to_lower_ascii(what.name), what.type);
    const auto found = known_.find(key);
    if (found != known_.end()) {
        co_return found->second;
    }
    auto answer = co_await asks_.resolve(std::move(what));
    keep(key, answer);
    co_return answer;
}

awaitable<result<dns_answer>> remembering_dns::ask(endpoint server, dns_question what) {
    const question key(to_string(server), to_lower_ascii(what.name), what.type);
    const auto found = known_.find(key);
    if (found != known_.end()) {
        co_return found->second;
    }
    auto answer = co_await asks_.ask(std::move(server), std::move(what));
    keep(key, answer);
    co_return answer;
}

void remembering_dns::keep(const question& asked, const result<dns_answer>& answer) {
    if (std::get<dns_type>(asked) != dns_type::txt) {
        known_.insert_or_assign(asked, answer);
    }
}

awaitable<result<dns_answer>> remembering_dns::update(endpoint server, dns_update what, const tsig_key* key) {
    return asks_.update(std::move(server), std::move(what), key);
}

} // namespace evercert::survey
