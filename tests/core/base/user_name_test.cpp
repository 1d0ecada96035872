#include "core/base/user_name.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("A user has the name that the system has for it, or none") {
    CHECK(evercert::user_name(0) == "root");
    CHECK(!evercert::user_name(4'000'000'123U));
}
