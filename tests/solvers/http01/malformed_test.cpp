#include "tests/solvers/http01/http01_setup.hpp"
#include "tests/solvers/http01/malformed.hpp"

#include <filesystem>

using namespace evercert;
using namespace evercert::testing;

namespace {

std::ptrdiff_t descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

/// Whether these are whole answers, one after the other, and each of them says that the client is wrong.
bool blames_the_client(std::string_view text) {
    while (!text.empty()) {
        if (!text.starts_with("HTTP/1.1 4")) {
            return false;
        }
        const auto end = text.find("\r\n\r\n");
        const auto length = text.find("\r\nContent-Length: ");
        if (end == std::string_view::npos || length > end) {
            return false;
        }
        const auto size = std::strtoul(std::string(text.substr(length + 18, 10)).c_str(), nullptr, 10);
        text.remove_prefix(end + 4);
        if (text.size() < size) {
            return false;
        }
        text.remove_prefix(size);
    }
    return true;
}

} // namespace

TEST_CASE_METHOD(http01_setup,
                 "Hundreds of malformed requests are answered 4xx or not at all, and never with a token") {
    const auto all = malformed_requests();
    CHECK(all.size() >= 500);
    REQUIRE(solver->open().has_value());
    REQUIRE(present(task("a.example", "t")).has_value());
    const auto is_served = [&] {
        const auto answer = get("a.example", "t");
        return answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nt.thumbprint");
    };
    CHECK(is_served()); // the requests miss something that is there
    const auto before = descriptors();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& each = all[i];
        const auto answer = ask(each.bytes, true);
        INFO(each.what << ": " << each.bytes.substr(0, 300));
        INFO(answer.substr(0, 600));
        CHECK(blames_the_client(answer));
        CHECK(answer.empty() != each.answered);
        CHECK(answer.find("thumbprint") == std::string::npos);
        if (i % 50 == 49) {
            CHECK(is_served());
        }
    }
    CHECK(is_served());
    CHECK(descriptors() == before);
    CHECK(events.all.empty());
}
