#include "core/preflight/caa_look.hpp"

#include "core/preflight/caa_rules.hpp"

#include <fmt/format.h>

namespace evercert::survey {

awaitable<void> look_at_caa(const inquiry& in, look& out, identifier name, std::vector<std::string> methods) {
    caa_question asked;
    asked.identities = in.request.facts.caa_identities;
    asked.account_url = in.request.facts.account_url;
    asked.methods = std::move(methods);
    asked.wildcard = name.wildcard();
    for (std::string here = name.base(); !here.empty();) {
        const std::string looked_at = "CAA " + here;
        out.turn_to("caa", looked_at);
        const dns_question question(here, dns_type::caa);
        const auto answer = co_await in.dns.resolve(question);
        if (!answer) {
            out.say(finding_weight::unsure, looked_at,
                    "the DNS resolver gives no answer: " + answer.error().text(),
                    "let this machine reach its DNS resolvers; a CA that gets no answer either refuses");
            co_return;
        }
        if (answer->code != dns_rcode::no_error && answer->code != dns_rcode::name_error) {
            out.say(
                finding_weight::trouble, looked_at,
                fmt::format("the DNS resolver answers {}: a CA that cannot look up CAA records refuses",
                            to_string(answer->code)),
                fmt::format(
                    "mend the name servers or the DNSSEC of {}; some servers do not know the type CAA and "
                    "have to be replaced",
                    here));
            co_return;
        }
        // Behind an alias the records stand under another name, and count.
        std::vector<dns_record> records;
        for (const dns_record& r : answer->answers) {
            if (r.type == dns_type::caa) {
                records.push_back(r);
            }
        }
        if (!records.empty()) {
            const auto judged =
                judge_caa(records, asked, records.front().name.empty() ? here : records.front().name);
            out.say(judged.weight, looked_at, judged.seen, judged.change);
            co_return;
        }
        const auto dot = here.find('.');
        here = dot == std::string::npos ? std::string() : here.substr(dot + 1);
    }
    out.say(finding_weight::good, "CAA " + name.base(), "no CAA records: every CA may issue");
}

} // namespace evercert::survey
