#pragma once
// Events of a deployment go to the log, and to whoever asked for the deployment.
#include "core/ports/event_sink.hpp"

#include <functional>
#include <list>
#include <string>
#include <vector>

namespace evercert::daemon {

/// An event about one certificate is told to all who asked for it. One about several certificates at one
/// deployment is told to one of those who wait for that deployment, since they log into the same place.
class event_relay final : public event_sink {
public:
    using hearer = std::function<void(const event&)>;

    explicit event_relay(event_sink& log) : log_(log) {}

    void emit(const event& what) override;
    /// What whoever asked is told in other words.
    void emit_to_log(const event& what) { log_.emit(what); }
    [[nodiscard]] bool reads(severity level) const noexcept override {
        return log_.reads(level) || !asking_.empty();
    }

    /// From its making to its end; the relay must outlive it.
    class subscription {
    public:
        subscription(event_relay& at, std::string certificate, std::vector<std::string> deployments,
                     hearer hear);
        ~subscription();
        subscription(const subscription&) = delete;
        subscription& operator=(const subscription&) = delete;

    private:
        friend class event_relay;
        event_relay& at_;
        std::string certificate_;
        std::vector<std::string> deployments_;
        hearer hear_;
        std::list<subscription*>::iterator place_;
    };

private:
    event_sink& log_;
    std::list<subscription*> asking_; ///< in the order in which they came
};

} // namespace evercert::daemon
