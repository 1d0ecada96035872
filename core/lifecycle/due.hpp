#pragma once
// When a certificate is to be renewed: pure functions of its dates.
#include "core/base/random.hpp"
#include "core/base/time.hpp"

#include <string>

namespace evercert::lifecycle {

/// The window in which a certificate of this lifetime is renewed: it opens at 2/3 of the lifetime, at 1/2 if
/// that is under ten days (Let's Encrypt's integration guide), and is wide enough that what was issued
/// together is not renewed together: a twentieth of the lifetime, at most a day; a tenth if that is under ten
/// days, because those come back so soon that what an outage has crowded together would else stay so.
/// Works for lifetimes from seconds to centuries.
struct renewal_window {
    wall_time opens;
    wall_time closes;
};
renewal_window window_of(wall_time not_before, wall_time not_after);
/// Why then: "at 2/3 of its lifetime of 90d".
std::string window_in_words(wall_time not_before, wall_time not_after);

/// Whatever the CA says about when to renew (RFC 9773), it is not put off beyond this: 5/6 of the lifetime,
/// 3/4 if that is under ten days.
wall_time latest_renewal(wall_time not_before, wall_time not_after);

/// A random second in the window.
wall_time pick(const renewal_window& window, random_source& random);

} // namespace evercert::lifecycle
