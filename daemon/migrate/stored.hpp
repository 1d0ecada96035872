#pragma once
// The part of an import that goes into data_dir: accounts, certificates, records.
#include "core/ports/store.hpp"
#include "daemon/migrate/plan.hpp"

namespace evercert::daemon {

/// Writes what is not there yet; nothing of ours is ever replaced, so that doing it twice does no harm. What
/// was done, left alone or failed is in the plan's report. The store is locked, and written as its owner.
void store_plan(import_plan& plan, store& files, const config::settings& settings);

} // namespace evercert::daemon
