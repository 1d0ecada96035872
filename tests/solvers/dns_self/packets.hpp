#pragma once
// Questions as ldns writes them, and answers as ldns reads them: a second opinion on both.
#include "core/dns/reply.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstdlib>
#include <ldns/ldns.h>
#include <string>
#include <vector>

namespace evercert::testing {

struct asking {
    bool edns = true;
    ldns_rr_class in = LDNS_RR_CLASS_IN;
};

inline std::string ask_for(const std::string& name, const std::string& type, asking how = {}) {
    ldns_pkt* packet = nullptr;
    REQUIRE(ldns_pkt_query_new_frm_str(&packet, name.c_str(), ldns_get_rr_type_by_name(type.c_str()), how.in,
                                       0) == LDNS_STATUS_OK);
    ldns_pkt_set_id(packet, 0x1234);
    if (how.edns) {
        ldns_pkt_set_edns_udp_size(packet, 4096);
    }
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    REQUIRE(ldns_pkt2wire(&wire, packet, &size) == LDNS_STATUS_OK);
    std::string out(reinterpret_cast<const char*>(wire), size);
    LDNS_FREE(wire);
    ldns_pkt_free(packet);
    return out;
}

/// Records as text in one line each, sorted: "a.test. 1 TXT "value"".
struct seen_answer {
    bool readable = false;
    int code = -1;
    bool authoritative = false;
    bool truncated = false;
    bool edns = false;
    std::string question;
    std::vector<std::string> answers;
    std::vector<std::string> authority;
    std::vector<std::string> additional;
};

inline std::vector<std::string> lines(const ldns_rr_list* list) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
        char* text = ldns_rr2str(ldns_rr_list_rr(list, i));
        std::string line(text);
        std::free(text);
        std::ranges::replace(line, '\t', ' ');
        const auto in = line.find(" IN ");
        if (in != std::string::npos) {
            line.erase(in, 3);
        }
        while (line.ends_with('\n') || line.ends_with(' ')) {
            line.pop_back();
        }
        out.push_back(line);
    }
    std::ranges::sort(out);
    return out;
}

inline seen_answer see(const std::string& bytes) {
    seen_answer out;
    ldns_pkt* packet = nullptr;
    if (ldns_wire2pkt(&packet, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) !=
        LDNS_STATUS_OK) {
        return out;
    }
    out.readable = true;
    out.code = static_cast<int>(ldns_pkt_get_rcode(packet));
    out.authoritative = ldns_pkt_aa(packet);
    out.truncated = ldns_pkt_tc(packet);
    out.edns = ldns_pkt_edns(packet);
    const auto asked = lines(ldns_pkt_question(packet));
    out.question = asked.empty() ? "" : asked.front();
    out.answers = lines(ldns_pkt_answer(packet));
    out.authority = lines(ldns_pkt_authority(packet));
    out.additional = lines(ldns_pkt_additional(packet));
    ldns_pkt_free(packet);
    return out;
}

} // namespace evercert::testing
