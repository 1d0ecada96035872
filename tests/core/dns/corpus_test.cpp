// The seeds of the fuzz harnesses, for who has no libFuzzer: nothing that once broke breaks again.
#include "core/dns/message.hpp"
#include "core/dns/query.hpp"
#include "core/dns/reply.hpp"
#include "tests/core/dns/packets.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace evercert;
using namespace evercert::dns;

namespace {

std::vector<std::string> seeds(const std::string& name) {
    std::vector<std::string> all;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(EVERCERT_FUZZ_CORPUS) + "/" + name)) {
        std::ifstream in(entry.path(), std::ios::binary);
        all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return all;
}

} // namespace

TEST_CASE("The corpus of answers") {
    int good = 0;
    const auto all = seeds("dns_answer");
    REQUIRE(all.size() >= 5);
    for (const auto& seed : all) {
        const auto read = parse_answer(seed);
        good += read ? 1 : 0;
        for (std::size_t i = 0; i < seed.size(); ++i) {
            auto changed = seed;
            changed[i] = static_cast<char>(changed[i] ^ 0xFF);
            (void)parse_answer(changed);
        }
    }
    CHECK(good >= 3);
    CHECK(good < static_cast<int>(all.size()));
}

TEST_CASE("The corpus of queries") {
    int good = 0;
    const auto all = seeds("dns_query");
    REQUIRE(all.size() >= 5);
    for (const auto& seed : all) {
        const auto read = parse_query(seed);
        good += read.what == verdict::good ? 1 : 0;
        if (read.what != verdict::drop) {
            CHECK(walk_packet(make_refusal(read)).has_value());
        }
    }
    CHECK(good >= 2);
    CHECK(good < static_cast<int>(all.size()));
}
