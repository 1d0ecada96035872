#include "solvers/tls_alpn01/answer_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace evercert::solvers {

namespace {

template <class Answers>
auto with(Answers& list, std::string_view key_authorization) {
    return std::ranges::find(list, key_authorization, &answer_table::answer::key_authorization);
}

} // namespace

std::string server_name_of(const identifier& name) {
    if (name.type == identifier::kind::dns) {
        return name.base();
    }
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET, name.value.c_str(), bytes.data()) == 1) {
        return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    }
    std::string out;
    if (inet_pton(AF_INET6, name.value.c_str(), bytes.data()) == 1) {
        std::ranges::reverse(bytes);
        for (const unsigned byte : bytes) {
            fmt::format_to(std::back_inserter(out), "{:x}.{:x}.", byte & 0xFU, byte >> 4U);
        }
        out += "ip6.arpa";
    }
    return out;
}

bool answer_table::holds(std::string_view server_name, std::string_view key_authorization) const {
    const auto entry = answers_.find(std::string(server_name));
    if (entry == answers_.end()) {
        return false;
    }
    const auto found = with(entry->second, key_authorization);
    return found != entry->second.end() && found->certificate != nullptr;
}

void answer_table::put(std::string_view server_name, std::string key_authorization,
                       std::shared_ptr<const crypto::certificate> certificate, callback on_fetched) {
    auto& list = answers_[std::string(server_name)];
    auto found = with(list, key_authorization);
    if (found == list.end()) {
        list.emplace_back();
        list.back().key_authorization = std::move(key_authorization);
    } else {
        std::rotate(found, std::next(found), list.end()); // the newest is the last
    }
    answer& newest = list.back();
    ++newest.count;
    if (certificate != nullptr) {
        newest.certificate = std::move(certificate);
    }
    if (on_fetched) {
        newest.on_fetched.push_back(std::make_shared<callback>(std::move(on_fetched)));
    }
}

void answer_table::remove(std::string_view server_name, std::string_view key_authorization) {
    const auto entry = answers_.find(std::string(server_name));
    if (entry == answers_.end()) {
        return;
    }
    auto& list = entry->second;
    const auto found = with(list, key_authorization);
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

const answer_table::answer* answer_table::find(std::string_view server_name) const {
    const auto entry = answers_.find(std::string(server_name));
    if (entry == answers_.end()) {
        return nullptr;
    }
    const auto& list = entry->second;
    const auto newest = std::find_if(list.rbegin(), list.rend(),
                                     [](const answer& each) { return each.certificate != nullptr; });
    return newest == list.rend() ? nullptr : &*newest;
}

} // namespace evercert::solvers
