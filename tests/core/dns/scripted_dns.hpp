#pragma once
// A dns_client that answers from tables, so that zones and servers can be as odd as one likes.
#include "core/ports/dns_client.hpp"

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace evercert::testing {

class scripted_dns final : public dns_client {
public:
    using answer = result<dns_answer>;

    /// The answers to one question in turn; the last stays.
    std::map<std::pair<std::string, dns_type>, std::deque<answer>> resolver;
    std::map<std::pair<std::string, std::string>, std::deque<answer>> servers; ///< by address and name, TXT
    std::vector<std::string> asked; ///< "SOA a.example", "192.0.2.1 TXT a.example"

    static dns_record record(std::string name, dns_type type, std::string value) {
        dns_record r;
        r.name = std::move(name);
        r.type = type;
        r.value = std::move(value);
        return r;
    }
    static dns_answer says(std::vector<dns_record> answers, std::vector<dns_record> authority = {}) {
        dns_answer a;
        a.answers = std::move(answers);
        a.authority = std::move(authority);
        return a;
    }
    static dns_answer code(dns_rcode c, std::vector<dns_record> authority = {}) {
        dns_answer a;
        a.code = c;
        a.authority = std::move(authority);
        return a;
    }
    /// An authoritative answer with these TXT values.
    static dns_answer texts(const std::string& name, const std::vector<std::string>& values) {
        dns_answer a;
        a.authoritative = true;
        for (const auto& v : values) {
            a.answers.push_back(record(name, dns_type::txt, v));
        }
        return a;
    }

    void set(const std::string& name, dns_type type, answer a) { resolver[{name, type}] = {std::move(a)}; }
    /// A zone with these servers, of one address each ("" for none).
    void zone(const std::string& apex, const std::map<std::string, std::string>& with) {
        std::vector<dns_record> ns;
        for (const auto& [name, address] : with) {
            ns.push_back(record(apex, dns_type::ns, name));
            if (!address.empty()) {
                set(name, dns_type::a, says({record(name, dns_type::a, address)}));
            }
        }
        set(apex, dns_type::soa, says({record(apex, dns_type::soa, "ns")}));
        set(apex, dns_type::ns, says(ns));
    }
    void server(const std::string& address, const std::string& name, std::deque<answer> in_turn) {
        servers[{address, name}] = std::move(in_turn);
    }

    awaitable<result<dns_answer>> resolve(dns_question what) override {
        asked.push_back(std::string(to_string(what.type)) + " " + what.name);
        co_return next(resolver[{what.name, what.type}], says({}));
    }
    awaitable<result<dns_answer>> ask(endpoint server, dns_question what) override {
        asked.push_back(server.address + " " + std::string(to_string(what.type)) + " " + what.name);
        co_return next(servers[{server.address, what.name}], answer(fail(errc::timed_out, "silent")));
    }
    awaitable<result<dns_answer>> update(endpoint, dns_update, const tsig_key*) override {
        co_return fail(errc::unsupported, "not scripted");
    }

private:
    static answer next(std::deque<answer>& from, answer otherwise) {
        if (from.empty()) {
            return otherwise;
        }
        auto out = from.front();
        if (from.size() > 1) {
            from.pop_front();
        }
        return out;
    }
};

} // namespace evercert::testing
