#pragma once
#include "core/base/event.hpp"

namespace evercert {

/// Takes what happened. MUST NOT block, throw or fail; may be called from the loop thread only.
class event_sink {
public:
    virtual ~event_sink() = default;
    virtual void emit(const event& what) = 0;
};

} // namespace evercert
