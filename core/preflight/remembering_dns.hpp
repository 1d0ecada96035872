#pragma once
#include "core/ports/dns_client.hpp"

#include <map>
#include <string>
#include <tuple>

namespace evercert::survey {

/// Asks the resolver and each server each question once, as the names of a certificate have most questions in
/// common. Only for as long as one examination lasts. TXT is asked each time: that is what changes meanwhile.
class remembering_dns final : public dns_client {
public:
    explicit remembering_dns(dns_client& asks) : asks_(asks) {}

    awaitable<result<dns_answer>> resolve(dns_question what) override;
    awaitable<result<dns_answer>> ask(endpoint server, dns_question what) override;
    awaitable<result<dns_answer>> update(endpoint server, dns_update what, const tsig_key* key) override;

private:
    /// The endpoint as text, or nothing for the resolver; the name; the type.
    using question = std::tuple<std::string, std::string, dns_type>;

    void keep(const question& asked, const result<dns_answer>& answer);

    dns_client& asks_;
    std::map<question, result<dns_answer>> known_;
};

} // namespace evercert::survey
