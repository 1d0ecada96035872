#pragma once
// What a failure means for the next try: one table over the CA's problem types.
#include "core/acme/problem.hpp"
#include "core/base/time.hpp"

#include <string>
#include <string_view>

namespace evercert::lifecycle {

enum class problem_class {
    now,   ///< the same thing can be tried again at once, in another form; the ACME client has done so a few
           ///< times already
    later, ///< passes by itself or by fixing a server: backoff 1 min, 10 min, 100 min, then daily
    daily, ///< only a change of configuration, of DNS or by a person helps: once a day, and at once after a
           ///< reload
    never, ///< must not be repeated in this form
};
std::string_view to_string(problem_class kind) noexcept;

/// What to do after a failure.
struct verdict {
    problem_class kind = problem_class::later;
    milliseconds at_least{
        0}; ///< not before this, whatever the backoff says (Retry-After, or the floor of a 429)
    bool fresh_key = false;    ///< the certificate key is not acceptable: make another
    bool whole_issuer = false; ///< concerns every certificate of this issuer, not just this one
    std::string mend{};        ///< what an operator should do; empty if nothing
};

/// By problem type first, then by HTTP status, then by our own error (RFC 8555 section 6.7; the table is in
/// the .cpp).
verdict classify(const acme::failure& what);

/// What a CA means by a type at that step: while it validates, some CAs use a wider one than RFC 8555 has.
std::string_view meant_type(std::string_view type, std::string_view detail, acme::step where) noexcept;

/// Whether the CA waits for a person and not for time to pass: Let's Encrypt's "paused" is a rateLimited
/// without Retry-After, and its words hold the address where the pause is lifted.
bool is_pause(const acme::failure& what) noexcept;

/// One line for people: what failed for which name, what the CA said (escaped), the mend, and the CA's
/// addresses. Its parts come back from take_apart() in problem_text.hpp.
std::string explain(const acme::failure& what, const verdict& judged);

} // namespace evercert::lifecycle
