#pragma once
// One call of a program at a time, and who belongs together.
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "solvers/dns01/exec_call.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::solvers {

/// A line of waiting calls in the order of coming; the first one works. Whoever leaves, done, failed or
/// cancelled, makes room for the next.
class exec_line {
public:
    explicit exec_line(time_source& time) : time_(time) {}
    exec_line(const exec_line&) = delete;
    exec_line& operator=(const exec_line&) = delete;

    /// In line from construction to destruction.
    class place {
    public:
        place(exec_line& line, hook_operation what, const txt_task& task);
        ~place();
        place(const place&) = delete;
        place& operator=(const place&) = delete;

        /// Resumes when it is the first, or when another has done its work: then `done` says how it went.
        awaitable<void> turn();
        std::optional<result<void>> done;

    private:
        friend class exec_line;
        exec_line& line_;
        hook_operation what_;
        const txt_task& task_;
        std::shared_ptr<const std::string> batch_; ///< its domains
        const place* led_by_ = nullptr;
        std::unique_ptr<timer> bell_;
        std::list<place*>::iterator at_;
    };

    /// All that wait for the same operation and belong to no batch yet become one with the first.
    void gather();
    /// Domains of the batch of this place, with commas between; its own domain if there is none.
    [[nodiscard]] std::string domains(const place& of) const;
    [[nodiscard]] bool gathered(const place& of) const noexcept { return of.batch_ != nullptr; }
    /// How many of its batch still wait behind it.
    [[nodiscard]] std::size_t remaining(const place& of) const;
    /// The tasks that the first takes along: of its batch, next in line, each domain once.
    [[nodiscard]] std::vector<txt_task> lead(place& first, std::size_t limit);
    /// Those whom `first` took along and who are still there are done.
    void finish(const place& first, const result<void>& how);

private:
    void wake_first();

    time_source& time_;
    std::list<place*> line_;
};

} // namespace evercert::solvers
