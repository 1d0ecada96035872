#include "solvers/http01/token_table.hpp"

#include <algorithm>

namespace evercert::solvers {

std::string token_table::key(std::string_view host, std::string_view token) {
    std::string out;
    out.reserve(host.size() + 1 + token.size());
    out.append(host).append(1, '/').append(token); // neither a host nor a token holds a slash
    return out;
}

void token_table::put(std::string_view host, std::string_view token, std::string key_authorization,
                      callback on_fetched) {
    auto& list = answers_[key(host, token)];
    auto found = std::find_if(list.begin(), list.end(),
                              [&](const answer& a) { return a.key_authorization == key_authorization; });
    if (found == list.end()) {
        list.emplace_back();
        found = std::prev(list.end());
        found->key_authorization = std::move(key_authorization);
    }
    ++found->count;
    if (on_fetched) {
        found->on_fetched.push_back(std::make_shared<callback>(std::move(on_fetched)));
    }
}

void token_table::remove(std::string_view host, std::string_view token, std::string_view key_authorization) {
    const auto entry = answers_.find(key(host, token));
    if (entry == answers_.end()) {
        return;
    }
    auto& list = entry->second;
    const auto found = std::find_if(
        list.begin(), list.end(), [&](const answer& a) { return a.key_authorization == key_authorization; });
    if (found == list.end()) {
        return;
    }
    found->on_fetched.clear();
    if (--found->count == 0) {
        list.erase(found);
    }
    if (list.empty()) {
        answers_.erase(entry);
    }
}

const token_table::answer* token_table::find(std::string_view host, std::string_view token) const {
    const auto entry = answers_.find(key(host, token));
    return entry == answers_.end() ? nullptr : &entry->second.back();
}

} // namespace evercert::solvers
