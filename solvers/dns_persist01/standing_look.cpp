#include "solvers/dns_persist01/standing_look.hpp"

#include "core/base/text.hpp"
#include "core/dns/propagation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace evercert::solvers {
namespace {

constexpr std::size_t most_told = 3;
constexpr std::size_t longest_words = 1200;

std::string in_quotes(std::string_view text) {
    return fmt::format("\"{}\"", escape(text, 200));
}

/// What a server has in place of a record that proves the claim; empty if one does. Records for other CAs
/// are nobody's mistake, so they are told only when there is nothing else.
std::string instead(const std::vector<std::string>& texts, const standing_claim& claim, wall_time now) {
    std::vector<std::string> told;
    std::vector<std::string> others;
    for (const std::string& text : texts) {
        const auto record = parse_standing_record(text);
        const std::string why = record ? shortfall(*record, claim, now)
                                       : fmt::format("no CA can read: {}", record.error().message);
        if (why.empty()) {
            return {};
        }
        if (record && !names_issuer(record->issuer, claim)) {
            others.push_back(in_quotes(text));
        } else if (told.size() < most_told) {
            told.push_back(fmt::format("{}, which {}", in_quotes(text), why));
        }
    }
    if (!told.empty()) {
        return "has " + join(told, " and ");
    }
    const std::size_t more = others.size() - std::min(others.size(), most_told);
    others.resize(others.size() - more);
    return fmt::format("has records for other CAs only ({}{})", join(others, ", "),
                       more > 0 ? fmt::format(" and {} more", more) : "");
}

/// nullopt: a record that proves the claim has no end.
std::optional<wall_time> latest_end(const std::vector<std::string>& texts, const standing_claim& claim,
                                    wall_time now) {
    std::optional<wall_time> latest;
    for (const std::string& text : texts) {
        const auto record = parse_standing_record(text);
        if (!record || !shortfall(*record, claim, now).empty()) {
            continue;
        }
        if (!record->until) {
            return std::nullopt;
        }
        latest = std::max(latest.value_or(*record->until), *record->until);
    }
    return latest;
}

std::string cut_words(std::string words) {
    if (words.size() > longest_words) {
        const auto end = words.rfind("; ", longest_words);
        words.resize(end == std::string::npos ? longest_words : end);
        words += "; and so on";
    }
    return words;
}

} // namespace

std::string_view to_string(standing what) noexcept {
    switch (what) {
    case standing::good:
        return "good";
    case standing::missing:
        return "missing";
    case standing::unfit:
        return "unfit";
    case standing::unseen:
        return "unseen";
    }
    return "unseen";
}

awaitable<result<dns::zone_texts>> read_standing(dns_client& client, std::string base_name) {
    auto target = co_await dns::follow_aliases(client, standing_record_name(base_name));
    if (!target) {
        co_return fail(std::move(target.error()));
    }
    auto servers = co_await dns::find_servers(client, *target);
    if (!servers) {
        co_return fail(std::move(servers.error()));
    }
    co_return co_await dns::read_texts(client, std::move(*servers), *target);
}

standing_view judge_standing(const dns::zone_texts& read, const standing_claim& claim, wall_time now) {
    const auto test = [&](const std::vector<std::string>& texts) { return instead(texts, claim, now); };
    const dns::look seen = dns::judge(read, test);
    const auto any = [&](dns::sight what) {
        return std::ranges::any_of(seen.sightings, [&](const dns::sighting& s) { return s.what == what; });
    };
    standing_view view;
    view.somewhere = any(dns::sight::shown);
    if (seen.everywhere()) {
        view.what = standing::good;
        for (std::size_t i = 0; i < seen.sightings.size(); ++i) {
            const auto end = seen.sightings[i].what == dns::sight::shown
                                 ? latest_end(read.servers[i].texts, claim, now)
                                 : std::nullopt;
            if (end) {
                view.until = std::min(view.until.value_or(*end), *end);
            }
        }
        return view;
    }
    view.what = any(dns::sight::others)    ? standing::unfit
                : any(dns::sight::nothing) ? standing::missing
                                           : standing::unseen;
    view.words = cut_words(seen.words());
    return view;
}

} // namespace evercert::solvers
