#pragma once
// An answer that is no ACME object: what front ends, proxies and broken CAs send.
#include "core/ports/http_client.hpp"

#include <string>
#include <utility>

namespace evercert::testing {

inline http_response plain(unsigned status, std::string type, std::string body) {
    http_response answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", std::move(type));
    answer.body = std::move(body);
    return answer;
}

} // namespace evercert::testing
