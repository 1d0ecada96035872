#pragma once
// Looks at standing records while nothing is ordered: one that went missing would show only when a renewal
// needs it.
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/model/issuer_facts.hpp"
#include "core/model/managed_certificate.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/event_sink.hpp"
#include "solvers/dns_persist01/standing_report.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::solvers {

/// All references must outlive the watch. The functions are called on the loop.
struct watch_parts {
    time_source& time;
    random_source& random;
    event_sink& events;
    /// Of a certificate's issuers; errc::not_found if there is none of this name.
    std::function<awaitable<result<std::vector<issuer_facts>>>(std::string certificate)> facts;
    /// When the certificate is to be renewed next, if that is known.
    std::function<std::optional<wall_time>(const std::string& certificate)> next_renewal;
};

class standing_watch {
public:
    explicit standing_watch(watch_parts parts);
    ~standing_watch();

    /// `clients` has the challenges of type dns-persist-01 by name, with what asks the DNS for each. Names of
    /// which none is the first choice are not watched; certificates without such names cost nothing.
    /// What is known of a certificate that stays is kept.
    void assign(const std::vector<certificate_ptr>& all, std::map<std::string, dns_client*> clients);

    /// Looks soon, then every 12 hours, hourly while something is wrong or could not be seen; spread in time,
    /// and a few at once. Tells by events (dns.standing_record_missing, ..._ending, ..._good) what changed,
    /// and once a day what goes on. Ends by cancellation only.
    awaitable<void> run();

    /// Looks now. In the order of the names, each issuer in order of preference; empty if no name is proven
    /// so. Also names for which it is not the first choice.
    awaitable<result<std::vector<standing_report>>> look(std::string certificate);

    /// What was found wrong when the certificate was last looked at, for people; empty when all is well.
    [[nodiscard]] std::string problem(const std::string& certificate) const;

private:
    struct trouble;
    struct entry;
    struct known_facts;
    struct wanted_name;
    using entry_ptr = std::shared_ptr<entry>;
    using due = std::pair<steady_time, entry_ptr>;

    [[nodiscard]] std::vector<wanted_name> names_of(const managed_certificate& of, bool first_choice) const;
    [[nodiscard]] entry_ptr take_due();
    void plan(const entry_ptr& who, milliseconds in);
    void wake();
    awaitable<void> work();
    awaitable<void> look_at(entry_ptr who);
    awaitable<std::vector<issuer_facts>> facts_for(certificate_ptr which);
    awaitable<std::vector<standing_report>> read_all(std::vector<wanted_name> names,
                                                     std::vector<issuer_facts> facts);
    bool take_in(entry& who, const std::vector<standing_report>& reports);
    void say(const managed_certificate& of, std::string_view id, severity level, const std::string& message,
             const std::string& record);

    watch_parts parts_;
    std::map<std::string, dns_client*> clients_;
    std::map<std::string_view, entry_ptr, std::less<>> entries_; ///< keys live in the certificates
    std::vector<due> heap_;                                      ///< the soonest first
    std::vector<timer*> waiting_;                                ///< of workers without work
    std::map<std::vector<std::string>, known_facts> facts_;      ///< by issuers: many certificates share them
};

} // namespace evercert::solvers
