// The CA's orders: limits, proofs, certificates.
#include "tests/simulation/ca.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::simulation {
namespace {

using std::chrono::days;
using std::chrono::hours;
using namespace lets_encrypt;

/// Boulder calls an order a renewal if it has issued for exactly these names in this time.
constexpr milliseconds renewal_memory = days(120);

milliseconds order_life(profile what) {
    return what == profile::classic ? milliseconds(days(7)) : hours(8);
}
milliseconds proof_life(profile what) {
    return what == profile::classic ? milliseconds(days(30)) : hours(7);
}

} // namespace

std::optional<acme::failure> sim_ca::check_pauses(unsigned certificate) {
    const certificate_state& mine = certificates_[certificate];
    for (unsigned i = 0; i < count_of_names(certificate); ++i) {
        if (!mine.names[i].in_a_row.room(consecutive_failures, now())) {
            ++counts_.exceeded["consecutive failures"];
            return refuse(acme::step::new_order, 429, "rateLimited",
                          "this name is paused, see https://le.example/unpause");
        }
    }
    return std::nullopt;
}

std::optional<acme::failure> sim_ca::check_limits(unsigned account, unsigned certificate) {
    certificate_state& mine = certificates_[certificate];
    for (unsigned i = 0; i < count_of_names(certificate); ++i) {
        if (!mine.names[i].failures.room(failed_validations, now())) {
            return limit_exceeded("failed validations",
                                  mine.names[i].failures.wait(failed_validations, now()));
        }
    }
    if (!mine.set.room(certificates_per_set, now())) {
        return limit_exceeded("certificates per set", mine.set.wait(certificates_per_set, now()));
    }
    if (mine.last_issued > now() - renewal_memory) {
        ++counts_.renewals;
        return std::nullopt;
    }
    tally& domain = domains_[domain_of(certificate)];
    if (!domain.room(certificates_per_domain, now())) {
        return limit_exceeded("certificates per domain", domain.wait(certificates_per_domain, now()));
    }
    if (!accounts_[account].room(new_orders, now())) {
        return limit_exceeded("new orders", accounts_[account].wait(new_orders, now()));
    }
    accounts_[account].take(new_orders, now());
    ++counts_.fresh;
    return std::nullopt;
}

acme::outcome<unsigned> sim_ca::new_order(unsigned account, const std::vector<identifier>& names,
                                          std::string_view profile_name, std::string_view replaces) {
    const auto certificate = number_of(names.front().value);
    if (!certificate || *certificate >= certificates_.size() ||
        names.size() != count_of_names(*certificate)) {
        return std::unexpected(refuse(acme::step::new_order, 400, "rejectedIdentifier", "unknown names"));
    }
    const auto asked = parse_profile(profile_name);
    if (!asked) {
        return std::unexpected(refuse(acme::step::new_order, 400, "invalidProfile", "unknown profile"));
    }
    if (auto paused = limited_ ? check_pauses(*certificate) : std::nullopt) {
        return std::unexpected(std::move(*paused));
    }
    const auto leaf = replaced_leaf(*certificate, replaces);
    if (!leaf) {
        ++counts_.not_replacing;
        return std::unexpected(leaf.error());
    }
    if (limited_) {
        const bool in_window = *leaf != 0 && window_of(leaves_[*leaf - 1]).holds(now());
        if (in_window) {
            ++counts_.exempt;
        } else {
            counts_.window_missed += *leaf != 0 ? 1 : 0;
            if (auto refused = check_limits(account, *certificate)) {
                return std::unexpected(std::move(*refused));
            }
        }
    }
    note_order();
    certificate_state& mine = certificates_[*certificate];
    if (mine.open_order != 0) {
        const ca_order* open = look(mine.open_order - 1);
        if (open != nullptr && open->status <= order_status::ready && open->asked == *asked &&
            open->account == account) {
            ++counts_.resumed;
            return mine.open_order - 1;
        }
    }
    ca_order order;
    order.certificate = *certificate;
    order.account = account;
    order.created = now();
    order.expires = now() + order_life(*asked);
    order.asked = *asked;
    order.replaces = *leaf;
    orders_.push_back(order);
    const auto number = static_cast<unsigned>(orders_.size() - 1);
    mine.open_order = number + 1;
    if (*leaf != 0) {
        leaves_[*leaf - 1].replaced_by = number + 1;
    }
    if (!needs_proof(number)) {
        orders_.back().status = order_status::ready;
    }
    return number;
}

const ca_order* sim_ca::look(unsigned number) {
    if (number >= orders_.size()) {
        return nullptr;
    }
    ca_order& order = orders_[number];
    if (order.status <= order_status::ready && order.expires <= now()) {
        return nullptr;
    }
    if (order.status == order_status::processing && order.ready_at <= now()) {
        make_leaf(order, number);
    }
    return &order;
}

void sim_ca::note_expired(unsigned number) {
    if (number < orders_.size() && orders_[number].status <= order_status::ready) {
        orders_[number].status = order_status::invalid;
    }
}

bool sim_ca::needs_proof(unsigned number) const {
    const ca_order& order = orders_[number];
    const auto& names = certificates_[order.certificate].names;
    return std::any_of(names.begin(), names.begin() + count_of_names(order.certificate),
                       [this](const name_state& name) { return name.proven_until <= now(); });
}

acme::outcome<void> sim_ca::validate(unsigned number) {
    ca_order& order = orders_[number];
    const auto* broken = who_.broken_of(order.certificate);
    const bool resolves = broken == nullptr || !broken->when.holds(now());
    certificate_state& mine = certificates_[order.certificate];
    std::optional<unsigned> failed;
    for (unsigned i = 0; i < count_of_names(order.certificate); ++i) {
        name_state& name = mine.names[i];
        if (name.proven_until > now()) {
            continue;
        }
        if (resolves) {
            name.proven_until = now() + proof_life(order.asked);
            name.in_a_row.reset();
            continue;
        }
        name.failures.take(failed_validations, now());
        name.in_a_row.take(consecutive_failures, now());
        ++counts_.failed_validations;
        failed = failed.value_or(i);
    }
    if (!failed) {
        order.status = order_status::ready;
        return {};
    }
    order.status = order_status::invalid;
    failures_[order.certificate].push_back(now());
    acme::failure why = refuse(acme::step::challenge, 400, "dns", "no such name");
    why.http_status = 0; // it stands inside the authorization, whose own answer was 200
    why.order_gone = true;
    why.name = names_of(order.certificate)[*failed];
    return std::unexpected(std::move(why));
}

void sim_ca::finalize(unsigned number, std::uint64_t key) {
    ca_order& order = orders_[number];
    if (order.status == order_status::ready) {
        order.status = order_status::processing;
        order.key = key;
        order.ready_at = now() + processing + milliseconds(random_.between(0, processing.count() / 4));
    }
}

void sim_ca::make_leaf(ca_order& order, std::uint32_t number) {
    certificate_state& mine = certificates_[order.certificate];
    ca_leaf leaf;
    leaf.certificate = order.certificate;
    leaf.not_before = order.ready_at - hours(1);
    leaf.not_after = leaf.not_before + lifetime_of(order.asked);
    leaves_.push_back(leaf);
    order.leaf = static_cast<std::uint32_t>(leaves_.size());
    order.status = order_status::valid;
    // Boulder counts every certificate for its set, but for the domain only what is no renewal.
    mine.set.take(certificates_per_set, now());
    if (mine.last_issued <= now() - renewal_memory) {
        domains_[domain_of(order.certificate)].take(certificates_per_domain, now());
    }
    mine.last_issued = now();
    if (mine.open_order == number + 1) {
        mine.open_order = 0;
    }
    ++counts_.issued;
}

chain_text sim_ca::text_of(std::uint32_t leaf, std::uint64_t key) const {
    const ca_leaf& one = leaves_[leaf];
    chain_text text;
    text.serial = (number_ + 1ULL) << 48U | leaf;
    text.key = key;
    text.not_before = one.not_before;
    text.not_after = one.not_after;
    text.certificate = one.certificate;
    text.ca = number_;
    text.has_crl = one.not_after - one.not_before > days(10) && who_.on_crl(one.certificate);
    return text;
}

std::string sim_ca::chain(unsigned number) const {
    const ca_order& order = orders_[number];
    return text_of(order.leaf - 1, order.key).text();
}

chain_text sim_ca::issue_before_the_start(unsigned certificate, profile what, wall_time not_before,
                                          std::uint64_t key) {
    ca_leaf leaf;
    leaf.certificate = certificate;
    leaf.not_before = not_before;
    leaf.not_after = not_before + lifetime_of(what);
    leaf.stored = true;
    leaves_.push_back(leaf);
    certificates_[certificate].last_issued = not_before;
    return text_of(static_cast<std::uint32_t>(leaves_.size() - 1), key);
}

} // namespace evercert::simulation
