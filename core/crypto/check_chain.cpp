#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace evercert::crypto {
namespace {

// Enough for a person to see what is wrong; a certificate may have a hundred names.
std::string some_of(const std::vector<identifier>& names) {
    constexpr std::size_t most = 5;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        values.push_back(names[i].value);
    }
    return join(values, ", ") + (names.size() > most ? fmt::format(" and {} more", names.size() - most) : "");
}

result<void> check_names(const certificate& leaf, std::vector<identifier> wanted) {
    const auto names = leaf.names();
    if (!names) {
        return fail(errc::refused, names.error().message);
    }
    std::ranges::sort(wanted);
    std::vector<identifier> missing;
    std::vector<identifier> extra;
    std::ranges::set_difference(wanted, *names, std::back_inserter(missing));
    std::ranges::set_difference(*names, wanted, std::back_inserter(extra));
    if (!missing.empty()) {
        return fail(errc::refused, "the certificate lacks names that were ordered: " + some_of(missing));
    }
    if (!extra.empty()) {
        return fail(errc::refused, "the certificate has names that were not ordered", some_of(extra));
    }
    return {};
}

result<void> check_dates(const certificate& leaf, const chain_expectation& expected) {
    if (leaf.not_before() > expected.now + expected.clock_tolerance) {
        return fail(errc::out_of_time,
                    fmt::format("the certificate is valid only from {}, and it is {} here: check this "
                                "machine's clock",
                                format_time(leaf.not_before()), format_time(expected.now)));
    }
    if (leaf.not_after() <= expected.now || leaf.not_after() <= leaf.not_before()) {
        return fail(errc::out_of_time,
                    fmt::format("the certificate is valid only until {}, and it is {} here: check this "
                                "machine's clock",
                                format_time(leaf.not_after()), format_time(expected.now)));
    }
    return {};
}

result<void> check_leaf(const certificate& leaf, const chain_expectation& expected) {
    if (leaf.is_ca()) {
        return fail(errc::refused, "the certificate is one of a CA, not of a server");
    }
    auto names = check_names(leaf, expected.names);
    return names ? check_dates(leaf, expected) : names;
}

bool self_issued(const certificate& one) {
    return one.issued_by(one);
}

// Whether servers and clients can use `issuer` above `subject` now. An expired one would break every
// handshake.
bool links(const certificate& subject, const certificate& issuer, const chain_expectation& expected) {
    return issuer.is_ca() && issuer.not_after() > expected.now &&
           issuer.not_before() <= expected.now + expected.clock_tolerance && subject.issued_by(issuer);
}

// Takes the issuer of `subject` out of `others`: one that leads on rather than a root of the same name and
// key.
std::vector<certificate>::iterator find_issuer(const certificate& subject, std::vector<certificate>& others,
                                               const chain_expectation& expected) {
    auto root = others.end();
    for (auto it = others.begin(); it != others.end(); ++it) {
        if (!links(subject, *it, expected)) {
            continue;
        }
        if (!self_issued(*it)) {
            return it;
        }
        root = root == others.end() ? it : root;
    }
    return root;
}

} // namespace

result<std::vector<certificate>> check_chain(std::vector<certificate> chain,
                                             const chain_expectation& expected) {
    const auto leaf_at = std::ranges::find_if(
        chain, [&](const certificate& one) { return one.public_digest() == expected.public_digest; });
    if (leaf_at == chain.end()) {
        return fail(errc::refused, "no certificate of the chain carries the key that it was requested for");
    }
    const certificate leaf = *leaf_at;
    if (auto good = check_leaf(leaf, expected); !good) {
        return fail(good.error());
    }
    std::erase_if(chain, [leaf_der = leaf.der()](const certificate& one) { return one.der() == leaf_der; });

    const bool alone = chain.empty();
    std::vector<certificate> ordered{leaf};
    for (auto issuer = find_issuer(ordered.back(), chain, expected); issuer != chain.end();
         issuer = find_issuer(ordered.back(), chain, expected)) {
        const bool top = self_issued(*issuer);
        ordered.push_back(*issuer);
        chain.erase(issuer);
        if (top) {
            break;
        }
    }
    if (ordered.size() == 1 && !alone) {
        return fail(errc::refused,
                    "no other certificate of the chain is a valid CA certificate that has issued the first");
    }
    // Clients have the root already, and bytes of it in every handshake help nobody. A leaf issued by a root
    // directly keeps it: such a CA is private, and servers want to have its chain complete.
    if (ordered.size() > 2 && self_issued(ordered.back())) {
        ordered.pop_back();
    }
    return ordered;
}

} // namespace evercert::crypto
