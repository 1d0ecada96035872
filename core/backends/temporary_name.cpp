#include "core/backends/temporary_name.hpp"

#include <fmt/format.h>

#include <mutex>
#include <set>
#include <unistd.h>

namespace evercert::backends {
namespace {

/// Names in use, over all stores of the process. A name is registered before anything of it is made: who
/// lists a folder and asks afterwards sees either a stranger's leftover or that it is in use.
struct registry {
    const std::string prefix = fmt::format("{}{}-", leftover_prefix, ::getpid());
    std::mutex guard;
    std::set<std::string> used;
    unsigned long next = 0;
};

registry& names() {
    static registry all;
    return all;
}

std::string take_name() {
    registry& all = names();
    const std::lock_guard guard(all.guard);
    return *all.used.insert(all.prefix + std::to_string(all.next++)).first;
}

void give_back(const std::string& name) {
    registry& all = names();
    const std::lock_guard guard(all.guard);
    all.used.erase(name);
}

} // namespace

temporary_name::temporary_name() : name_(take_name()) {}

temporary_name::~temporary_name() {
    give_back(name_);
}

void temporary_name::change() {
    std::string fresh = take_name();
    give_back(name_);
    name_ = std::move(fresh);
}

bool is_leftover(const std::string& name) {
    if (!name.starts_with(leftover_prefix)) {
        return false;
    }
    registry& all = names();
    const std::lock_guard guard(all.guard);
    return !all.used.contains(name);
}

} // namespace evercert::backends
