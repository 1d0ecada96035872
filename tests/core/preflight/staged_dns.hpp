#pragma once
// A DNS of zones: resolvers and servers answer from the same records, unless one of them is told to be odd.
#include "core/ports/dns_client.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace evercert::testing {

class staged_dns final : public dns_client {
public:
    /// A zone and its servers: name and address ("" for none).
    void zone(const std::string& apex, std::map<std::string, std::string> servers) {
        zones_[apex] = servers;
        add(apex, dns_type::soa, "ns");
        for (const auto& [name, address] : servers) {
            add(apex, dns_type::ns, name);
            if (!address.empty()) {
                add(name, dns_type::a, address);
            }
        }
    }
    dns_record& add(const std::string& name, dns_type type, std::string value) {
        dns_record made;
        made.name = name;
        made.type = type;
        made.value = std::move(value);
        return records_.emplace_back(std::move(made));
    }
    void caa(const std::string& name, const std::string& tag, std::string value, bool critical = false) {
        dns_record& made = add(name, dns_type::caa, std::move(value));
        made.caa_tag = tag;
        made.caa_critical = critical;
    }
    void remove(const std::string& name, dns_type type) {
        std::erase_if(records_, [&](const dns_record& r) { return r.name == name && r.type == type; });
    }
    void remove_zone(const std::string& apex) {
        zones_.erase(apex);
        std::erase_if(records_,
                      [&](const dns_record& r) { return r.name == apex || r.name.ends_with("." + apex); });
    }

    std::set<std::string> bogus;                        ///< zones that the resolver says SERVFAIL of
    std::set<std::string> unheard;                      ///< names that the resolver never answers
    std::set<std::string> dead;                         ///< addresses of servers
    std::set<std::string> lame;                         ///< the same
    std::set<std::pair<std::string, std::string>> lags; ///< address of a server, name it knows no TXT of
    std::map<std::pair<std::string, dns_type>, dns_rcode> odd; ///< what the resolver says
    std::vector<std::string> asked; ///< "A one.test" of the resolver, "192.0.2.11 SOA one.test" of a server

    awaitable<result<dns_answer>> resolve(dns_question what) override {
        asked.push_back(std::string(to_string(what.type)) + " " + what.name);
        if (unheard.contains(what.name)) {
            asio::steady_timer never(co_await asio::this_coro::executor,
                                     asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        }
        dns_answer out;
        const auto strange = odd.find({what.name, what.type});
        if (strange != odd.end() || bogus.contains(zone_of(what.name))) {
            out.code = strange != odd.end() ? strange->second : dns_rcode::server_failure;
            co_return out;
        }
        std::string name = what.name;
        for (int i = 0; i < 8; ++i) {
            look_up(name, what.type, out);
            if (out.answers.empty() || out.answers.back().type != dns_type::cname ||
                what.type == dns_type::cname) {
                break;
            }
            name = out.answers.back().value;
        }
        co_return out;
    }

    awaitable<result<dns_answer>> ask(endpoint server, dns_question what) override {
        asked.push_back(server.address + " " + std::string(to_string(what.type)) + " " + what.name);
        if (dead.contains(server.address)) {
            co_return fail(errc::timed_out, "staged: no answer");
        }
        dns_answer out;
        const std::string apex = zone_of(what.name);
        if (serves(server.address, apex) && !lame.contains(server.address)) {
            out.authoritative = true;
            look_up(what.name, what.type, out);
            if (what.type == dns_type::txt && lags.contains({server.address, what.name})) {
                out.answers.clear();
            }
        } else if (serves_above(server.address, apex)) {
            for (const auto& [name, address] : zones_.at(apex)) {
                out.authority.push_back(made(apex, dns_type::ns, name));
                out.additional.push_back(made(name, dns_type::a, address));
            }
        } else {
            out.code = dns_rcode::refused;
        }
        co_return out;
    }

    awaitable<result<dns_answer>> update(endpoint, dns_update, const tsig_key*) override {
        co_return fail(errc::unsupported, "not staged");
    }

private:
    static dns_record made(const std::string& name, dns_type type, const std::string& value) {
        dns_record out;
        out.name = name;
        out.type = type;
        out.value = value;
        return out;
    }
    [[nodiscard]] std::string zone_of(const std::string& name) const {
        std::string best;
        for (const auto& [apex, servers] : zones_) {
            if ((name == apex || name.ends_with("." + apex)) && apex.size() > best.size()) {
                best = apex;
            }
        }
        return best;
    }
    [[nodiscard]] bool serves(const std::string& address, const std::string& apex) const {
        const auto known = zones_.find(apex);
        return known != zones_.end() && std::any_of(known->second.begin(), known->second.end(),
                                                    [&](const auto& s) { return s.second == address; });
    }
    [[nodiscard]] bool serves_above(const std::string& address, const std::string& apex) const {
        return std::any_of(zones_.begin(), zones_.end(), [&](const auto& z) {
            return apex.ends_with("." + z.first) && serves(address, z.first);
        });
    }
    void look_up(const std::string& name, dns_type type, dns_answer& out) const {
        bool exists = false;
        bool found = false;
        for (const dns_record& r : records_) {
            exists = exists || r.name == name || r.name.ends_with("." + name);
            if (r.name == name && (r.type == type || r.type == dns_type::cname)) {
                out.answers.push_back(r);
                found = true;
            }
        }
        if (!found) {
            out.code = exists ? dns_rcode::no_error : dns_rcode::name_error;
            out.authority.push_back(made(zone_of(name), dns_type::soa, "ns"));
        }
    }

    std::map<std::string, std::map<std::string, std::string>> zones_;
    std::vector<dns_record> records_;
};

} // namespace evercert::testing
