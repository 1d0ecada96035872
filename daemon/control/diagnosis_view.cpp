#include "daemon/control/labels.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_text = 2000;

void show(labels& out, const finding& one) {
    out.gap();
    const std::string subject = one.name.empty() ? one.check : fmt::format("{}: {}", one.name, one.check);
    out.add(to_string(one.weight), printable(subject, longest_text));
    out.add("looked at", printable(one.looked_at, longest_text));
    out.add("seen", printable(one.seen, longest_text));
    out.add("what to do", printable(one.change, longest_text));
}

} // namespace

std::string diagnosis_view(const lifecycle::diagnosis& made, std::size_t width) {
    labels out(width);
    const auto count = [&](finding_weight weight) {
        return std::ranges::count(made.findings, weight, &finding::weight);
    };
    const auto troubles = count(finding_weight::trouble);
    out.add("certificate", printable(made.certificate, longest_text));
    out.add("issuer", printable(made.issuer, longest_text));
    out.add("found", troubles == 0 ? fmt::format("nothing that a CA would refuse; {} good, {} unsure",
                                                 count(finding_weight::good), count(finding_weight::unsure))
                                   : fmt::format("{} in trouble, {} unsure, {} good", troubles,
                                                 count(finding_weight::unsure), count(finding_weight::good)));
    for (const finding_weight weight :
         {finding_weight::trouble, finding_weight::unsure, finding_weight::good}) {
        for (const finding& one : made.findings) {
            if (one.weight == weight) {
                show(out, one);
            }
        }
    }
    return std::move(out).text();
}

} // namespace evercert::daemon
