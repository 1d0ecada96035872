#include "core/lifecycle/spent_orders.hpp"

#include <algorithm>

namespace evercert::lifecycle {

storage::spent_order_record* spent_for(storage::job_record& job, const std::string& issuer, key_type key) {
    const auto order = std::ranges::find(job.orders, key, &storage::order_record::key);
    if (order == job.orders.end() || order->issuer != issuer || order->spent == wall_time()) {
        return nullptr;
    }
    const auto at = std::ranges::find_if(job.spent, [&](const storage::spent_order_record& one) {
        return one.issuer == issuer && one.when == order->spent && !one.set.empty();
    });
    return at == job.spent.end() ? nullptr : &*at;
}

storage::spent_order_record to_record(const std::string& issuer, const spent_order& spent) {
    return {issuer, spent.when, std::string(to_string(spent.kind)), spent.set, spent.domains};
}

spent_order from_record(const storage::spent_order_record& record) {
    return {record.when, parse_order_kind(record.kind).value_or(order_kind::fresh), record.set,
            record.domains};
}

} // namespace evercert::lifecycle
