// Fills a data_dir as evercertd leaves it when N certificates are issued and at rest: every name with its own
// key, serial number and place in its validity, written by the store itself. Nothing is synced: what is
// measured later is how the daemon reads it.   usage: populate DATA_DIR FIRST LAST SECONDS_SINCE_1970
// CRL_URL_PREFIX CRL_FOLDER
#include "core/backends/filesystem_store.hpp"
#include "core/base/random.hpp"
#include "core/lifecycle/rate_ledger.hpp"
#include "core/store/repository.hpp"
#include "tests/support/test_crl.hpp"
#include "tests/support/test_pki.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string_view>
#include <thread>

// In front of the C library's: a million waits for the disk would be all that this program does.
extern "C" int fsync(int /*descriptor*/) {
    return 0;
}
extern "C" int fdatasync(int /*descriptor*/) {
    return 0;
}

namespace evercert::testing {
namespace {

using namespace std::chrono;

/// Entries of each list. Let's Encrypt lists what it has revoked in 128 parts per issuer, and 100,000
/// certificates see all of them.
constexpr unsigned crl_entries = 1000;
unsigned crl_parts(std::uint64_t certificates) {
    return static_cast<unsigned>(std::clamp<std::uint64_t>(certificates * 128 / 100'000, 1, 128));
}

template <class T>
T need(result<T> what) {
    if (!what) {
        throw std::runtime_error(what.error().text());
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*what);
    }
}

/// Of every certificate the same at each run.
class chosen {
public:
    explicit chosen(std::uint64_t number) : random_(make_seeded_random(number)), number_(number) {}

    [[nodiscard]] std::string name() const { return fmt::format("n{:06}.bench.example.com", number_); }
    /// 16 bytes, as public CAs make them; unique, because the number is in it.
    std::string serial() {
        std::string bytes(1, '\x05');
        for (unsigned shift = 0; shift < 56; shift += 8) {
            bytes.push_back(static_cast<char>(random_->between(0, 255)));
        }
        for (unsigned shift = 64; shift > 0; shift -= 8) {
            bytes.push_back(static_cast<char>(number_ >> (shift - 8)));
        }
        return bytes;
    }
    /// Of three, two are valid for 90 days and one for a year; all lie between a day after they were issued
    /// and two days before they are to be renewed, so that nothing comes due while it is measured.
    std::pair<wall_time, wall_time> validity(wall_time now) {
        const days life(number_ % 3 == 0 ? 365 : 90);
        const auto oldest = duration_cast<milliseconds>(life) * 2 / 3 - days(2);
        const auto from =
            floor<seconds>(now - days(1) - milliseconds(random_->between(0, (oldest - days(1)).count())));
        return {from, from + life - seconds(1)};
    }
    random_source& chance() { return *random_; }

private:
    std::unique_ptr<random_source> random_;
    std::uint64_t number_;
};

class population {
public:
    population(store& files, wall_time now, std::string crl_prefix, unsigned parts)
        : files_(files), now_(now), crl_prefix_(std::move(crl_prefix)), crl_parts_(parts) {}

    void add(std::uint64_t number);
    void write_crls(const std::string& folder) const;

private:
    storage::repository files_;
    wall_time now_;
    std::string crl_prefix_;
    unsigned crl_parts_;
    authority root_ = authority::make_root("Bench Root");
    authority issuing_ = root_.make_intermediate("Bench E1");
};

void population::add(std::uint64_t number) {
    chosen one(number);
    const std::vector<identifier> names{need(parse_identifier(one.name()))};
    const auto key = need(crypto::key::generate(key_type::ecdsa_p256));
    const auto [from, to] = one.validity(now_);
    certificate_plan plan;
    plan.san = to_san(names);
    plan.not_before = from;
    plan.not_after = to;
    plan.serial = one.serial();
    if (!crl_prefix_.empty()) {
        plan.crl_urls = {fmt::format("{}/{}.crl", crl_prefix_, number % crl_parts_)};
    }
    storage::key_pair pair{{issuing_.issue(key.native(), plan), issuing_.own()}, key};
    const auto version = need(files_.stage(one.name(), {std::move(pair)}));
    need(files_.make_live(one.name(), version.number, true));

    storage::job_record job;
    job.issuer = "bench";
    job.live = storage::facts_of(version);
    job.renew_for = job.live->first().fingerprint;
    job.renew_at =
        from + (to - from) * 2 / 3 + milliseconds(one.chance().between(0, milliseconds(days(1)).count()));
    const wall_time issued = from + hours(1); // CAs date back
    job.spent.push_back({.issuer = "bench",
                         .when = issued,
                         .kind = std::string(lifecycle::to_string(lifecycle::order_kind::fresh)),
                         .set = lifecycle::set_digest(names),
                         .domains = {"example.com"}});
    job.last_success = issued;
    // As tests/bench/quiet_ca.py answers.
    const wall_time opens = floor<seconds>(now_) + days(3) + seconds(number * 7919 % (40UL * 86400));
    job.renewal_info.push_back(
        {.fingerprint = job.renew_for,
         .start = opens,
         .end = opens + days(2),
         .moment = opens + milliseconds(one.chance().between(0, milliseconds(days(2)).count())),
         .explanation_url = {}});
    need(files_.save_job(one.name(), job));
    need(files_.append_history(
        one.name(),
        fmt::format("{{\"time\":\"{}\",\"certificate\":\"{}\",\"event\":\"cert.issued\",\"level\":\"info\","
                    "\"message\":\"version 1 is live until {}\",\"fields\":{{}}}}\n",
                    format_time(issued), one.name(), format_time(to))));
}

void population::write_crls(const std::string& folder) const {
    for (unsigned part = 0; part < crl_parts_; ++part) {
        crl_plan plan;
        plan.this_update = floor<seconds>(now_) - hours(1);
        plan.next_update = plan.this_update + days(7);
        plan.number = 1;
        for (unsigned i = 0; i < crl_entries; ++i) {
            // Serial numbers of nobody here.
            plan.entries.push_back(
                {fmt::format("06{:030x}", std::uint64_t{part} * crl_entries + i), 1, plan.this_update});
        }
        std::ofstream(fmt::format("{}/{}.crl", folder, part), std::ios::binary) << make_crl(issuing_, plan);
    }
}

int populate(const std::vector<std::string>& arguments) {
    if (arguments.size() != 6) {
        std::fputs("usage: populate DATA_DIR FIRST LAST SECONDS_SINCE_1970 CRL_URL_PREFIX CRL_FOLDER\n",
                   stderr);
        return 2;
    }
    const auto files = need(backends::open_filesystem_store(arguments[0]));
    const wall_time now{seconds(std::stoll(arguments[3]))};
    const std::uint64_t first = std::stoull(arguments[1]);
    const std::uint64_t last = std::stoull(arguments[2]);
    population all(*files, now, arguments[4], crl_parts(last - first + 1));
    // Different certificates: the store takes them from several threads.
    const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::future<void>> parts;
    for (unsigned part = 0; part < threads; ++part) {
        parts.push_back(std::async(std::launch::async, [&, part] {
            for (std::uint64_t number = first + part; number <= last; number += threads) {
                all.add(number);
            }
        }));
    }
    for (auto& part : parts) {
        part.get();
    }
    all.write_crls(arguments[5]);
    return 0;
}

} // namespace
} // namespace evercert::testing

int main(int count, char** values) {
    try {
        return evercert::testing::populate({values + 1, values + count});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "populate: %s\n", e.what());
        return 1;
    }
}
