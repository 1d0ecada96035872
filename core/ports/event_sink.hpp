#pragma once
#include "core/base/event.hpp"

namespace evercert {

/// Takes what happened. MUST NOT block, throw or fail; may be called from the loop thread only.
class event_sink {
public:
    virtual ~event_sink() = default;
    virtual void emit(const event& what) = 0;
    /// Whether events of this level come to anything here. If not, whoever emits many may spare itself the
    /// words. It may change from one event to the next.
    [[nodiscard]] virtual bool reads([[maybe_unused]] severity level) const noexcept { return true; }
};

} // namespace evercert
