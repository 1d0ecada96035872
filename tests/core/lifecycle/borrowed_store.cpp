// The real store, which core/lifecycle must not know and its test program therefore does not link, compiled
// here for the hostile CA's tests. What would clash in one translation unit is in borrowed_helpers.cpp.
#include "core/backends/data_folder.cpp"
#include "core/backends/durable.cpp"
#include "core/backends/filesystem_append.cpp"
#include "core/backends/filesystem_reading.cpp"
#include "core/backends/filesystem_store.cpp"
#include "core/backends/store_path.cpp"
#include "core/backends/temporary_name.cpp"
