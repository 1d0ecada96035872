#pragma once
// One include for Catch2 2.13 (bookworm) and 3 (trixie).
#ifdef EVERCERT_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif
