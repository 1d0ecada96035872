#pragma once
// A DNS that answers from a table and remembers what it was asked.
#include "core/ports/dns_client.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace evercert::testing {

class scripted_dns final : public dns_client {
public:
    /// What everybody says to this question: the resolvers and all servers.
    dns_answer& at(const std::string& name, dns_type type) {
        dns_answer& answer = answers_[{name, type}];
        answer.authoritative = true;
        return answer;
    }
    void add(const std::string& name, dns_type type, std::string value) {
        dns_record record;
        record.name = name;
        record.type = type;
        record.value = std::move(value);
        at(name, type).answers.push_back(std::move(record));
    }

    /// What one says instead, "resolver" or a server ("192.0.2.1:53"): in turn, the last stays.
    void script(const std::string& who, const std::string& name, dns_type type,
                std::deque<result<dns_answer>> in_turn) {
        scripts_[{who, name, type}] = std::move(in_turn);
    }

    awaitable<result<dns_answer>> resolve(dns_question what) override {
        asked.push_back("resolver " + what.name);
        co_return find("resolver", what);
    }
    awaitable<result<dns_answer>> ask(endpoint server, dns_question what) override {
        asked.push_back(to_string(server) + " " + what.name);
        co_return find(to_string(server), what);
    }
    awaitable<result<dns_answer>> update(endpoint server, dns_update what, const tsig_key* key) override {
        asked.push_back(to_string(server) + " update");
        updates.push_back(what);
        key_used = key != nullptr ? std::optional(*key) : std::nullopt;
        if (update_outcome) {
            co_return *update_outcome;
        }
        dns_answer done;
        co_return done;
    }

    std::vector<std::string> asked;
    std::vector<dns_update> updates;
    std::optional<tsig_key> key_used;
    std::optional<result<dns_answer>> update_outcome;

private:
    result<dns_answer> find(const std::string& who, const dns_question& what) {
        if (const auto own = scripts_.find({who, what.name, what.type}); own != scripts_.end()) {
            result<dns_answer> next = own->second.front();
            if (own->second.size() > 1) {
                own->second.pop_front();
            }
            return next;
        }
        const auto known = answers_.find({what.name, what.type});
        if (known != answers_.end()) {
            return known->second;
        }
        dns_answer nothing;
        nothing.code = dns_rcode::name_error;
        nothing.authoritative = true;
        return nothing;
    }
    std::map<std::pair<std::string, dns_type>, dns_answer> answers_;
    std::map<std::tuple<std::string, std::string, dns_type>, std::deque<result<dns_answer>>> scripts_;
};

} // namespace evercert::testing
