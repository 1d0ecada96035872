#pragma once
// Which of a certificate's issuers is asked next, and when.
#include "core/lifecycle/machine.hpp"

#include <string>

namespace evercert::lifecycle {

struct issuer_choice {
    std::string issuer;
    wall_time when;          ///< now, or when the first of them may be asked
    cause why = cause::none; ///< of waiting: retry or hold
    std::string reason;      ///< of waiting
};

/// The first issuer in order of preference that may be asked now. One that fails is stayed with for a few
/// tries, unless its failure will not pass by itself or time presses (no usable certificate, or little of its
/// life left); then the next is tried, and the first again when its own backoff is over. A success forgets
/// all failures, so the next renewal begins at the first.
issuer_choice choose_issuer(const machine_state& state, wall_time now);

} // namespace evercert::lifecycle
