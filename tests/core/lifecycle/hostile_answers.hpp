#pragma once
// The ways in which a CA that means harm, or is broken, may answer.
#include "tests/support/scripted_ca.hpp"

#include <functional>
#include <string>
#include <vector>

namespace evercert::testing {

/// One way. It sees what an honest CA would answer, and what was asked so far.
struct hostility {
    std::string name;
    std::function<result<http_response>(const scripted_ca&, const ca_request&, http_response)> make;
};

/// Texts that would do harm as a path, or as part of one; `bait` is an absolute one.
std::vector<std::string> path_like_texts(const std::string& bait);

/// For every request: no answer, another status, something else than was asked for, broken or huge.
std::vector<hostility> wrong_answers(const std::string& bait);
/// Each header of this answer in turn missing or hostile, and some that it does not have.
std::vector<hostility> wrong_headers(const http_response& honest, const std::string& bait);
/// Each JSON member of this answer in turn missing, null, of another type, huge, or like a path.
std::vector<hostility> wrong_members(const http_response& honest, const std::string& bait);

/// For what one member of one kind of answer may hold: `member` is set to each.
std::vector<hostility> wrong_tokens(const std::string& member, const std::string& bait);
std::vector<hostility> wrong_urls(const std::string& member);
/// For the answer to newOrder: other names, and too many authorizations.
std::vector<hostility> wrong_orders();
/// For the answer with the certificate.
std::vector<hostility> wrong_chains(const std::string& bait);

} // namespace evercert::testing
