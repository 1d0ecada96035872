#include "daemon/background.hpp"

#include <sched.h>

namespace evercert::daemon {

void stay_in_the_background() noexcept {
    if (::sched_getscheduler(0) == SCHED_OTHER) {
        const sched_param none{};
        ::sched_setscheduler(0, SCHED_BATCH, &none); // a matter of manners: without it all works as well
    }
}

} // namespace evercert::daemon
