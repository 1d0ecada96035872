#include "core/preflight/address_look.hpp"

#include "core/dns/at_once.hpp"
#include "core/preflight/servfail.hpp"

#include <fmt/format.h>

namespace evercert::survey {
namespace {

constexpr std::size_t most = 8;

struct lookup {
    dns_type type;
    result<dns_answer> answer;
    std::vector<std::string> addresses;

    explicit lookup(dns_type t) : type(t) {}
    [[nodiscard]] bool says(dns_rcode code) const { return answer.has_value() && answer->code == code; }
    [[nodiscard]] bool refused() const {
        return answer.has_value() && answer->code != dns_rcode::no_error &&
               answer->code != dns_rcode::name_error;
    }
};

awaitable<void> ask(dns_client& client, std::string name, lookup& into) {
    const dns_question question(std::move(name), into.type);
    into.answer = co_await client.resolve(question);
    if (!into.answer) {
        co_return;
    }
    for (const dns_record& r : into.answer->answers) {
        boost::system::error_code bad;
        boost::asio::ip::make_address(r.value, bad);
        if (r.type == into.type && !bad && into.addresses.size() < most) {
            into.addresses.push_back(r.value);
        }
    }
}

struct both {
    lookup six{dns_type::aaaa};
    lookup four{dns_type::a};

    [[nodiscard]] std::vector<std::string> addresses() const {
        std::vector<std::string> out = six.addresses;
        out.insert(out.end(), four.addresses.begin(), four.addresses.end());
        return out;
    }
};

awaitable<void> ask_both(dns_client& client, std::string name, both& into) {
    std::vector<awaitable<void>> tasks;
    tasks.push_back(ask(client, name, into.six));
    tasks.push_back(ask(client, name, into.four));
    co_await dns::at_once(std::move(tasks));
}

std::string alias_of(const both& seen) {
    for (const lookup* each : {&seen.four, &seen.six}) {
        if (!each->answer) {
            continue;
        }
        for (const dns_record& r : each->answer->answers) {
            if (r.type == each->type) {
                return r.name;
            }
        }
    }
    return {};
}

void say_none(look& out, const both& seen, const std::string& looked_at) {
    const std::string add = fmt::format("add an A or AAAA record for {} with the address of this machine, or "
                                        "prove the name by a DNS challenge",
                                        out.name);
    if (seen.four.says(dns_rcode::name_error) || seen.six.says(dns_rcode::name_error)) {
        out.say(finding_weight::trouble, looked_at, "the name does not exist (NXDOMAIN)", add);
        return;
    }
    out.say(finding_weight::trouble, looked_at, "the name has neither an A nor an AAAA record", add);
}

/// A CA with roots of its own is in the same network, as a rule.
void say_special(const inquiry& in, look& out, const std::string& looked_at, const std::string& address) {
    const auto what = special_use(boost::asio::ip::make_address(address));
    if (!what.empty() && in.request.where.trust.empty()) {
        out.say(finding_weight::unsure, looked_at,
                fmt::format("{} is {}: no CA on the internet gets there", address, what),
                "for a public CA put a public address into the record, or prove the name by a DNS challenge; "
                "for a CA in the same network all is well");
    }
}

} // namespace

awaitable<std::vector<std::string>> look_at_addresses(const inquiry& in, look& out, identifier name) {
    if (name.type == identifier::kind::ip) {
        std::vector<std::string> itself{name.value};
        say_special(in, out, name.value, name.value);
        co_return itself;
    }
    const std::string host = name.base();
    const std::string looked_at = fmt::format("A and AAAA {}", host);
    out.turn_to("address", looked_at);
    both seen;
    co_await ask_both(in.dns, host, seen);
    const auto addresses = seen.addresses();
    bool hindered = false;
    for (const lookup* each : {&seen.four, &seen.six}) {
        const std::string one = fmt::format("{} {}", to_string(each->type), host);
        // Of two broken lookups one is explained; a CA that gets addresses from one may pass over the other.
        const auto weight = addresses.empty() ? finding_weight::trouble : finding_weight::unsure;
        if (!each->answer) {
            out.say(finding_weight::unsure, one,
                    "the DNS resolver gives no answer: " + each->answer.error().text(),
                    "let this machine reach its DNS resolvers (/etc/resolv.conf)");
        } else if (each->says(dns_rcode::server_failure) && !hindered) {
            co_await explain_servfail(in, out, host, each->type, weight);
        } else if (each->refused() && !hindered) {
            out.say(weight, one, "the DNS resolver answers " + to_string(each->answer->code),
                    "ask the zone's own servers, or another resolver: this one serves nobody here");
        }
        hindered = hindered || !each->answer || each->refused();
    }
    if (addresses.empty() && !hindered) {
        say_none(out, seen, looked_at);
    }
    if (addresses.empty()) {
        co_return addresses;
    }
    for (const std::string& each : addresses) {
        say_special(in, out, looked_at, each);
    }
    const std::string alias = alias_of(seen);
    out.say(finding_weight::good, looked_at,
            alias.empty() || alias == host
                ? join(addresses, ", ")
                : fmt::format("{} (an alias of {})", join(addresses, ", "), escape(alias)));
    co_return addresses;
}

awaitable<std::vector<std::string>> addresses_of(const inquiry& in, std::string host) {
    both seen;
    co_await ask_both(in.dns, std::move(host), seen);
    co_return seen.addresses();
}

} // namespace evercert::survey
