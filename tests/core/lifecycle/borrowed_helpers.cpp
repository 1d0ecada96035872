// The rest of the store, and what the hostile CA's tests share with those of core/acme.
#include "core/backends/folder_tree.cpp"
#include "tests/core/acme/acme_fixture.cpp"
#include "tests/core/acme/json_mutation.cpp"
