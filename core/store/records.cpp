#include "core/store/records.hpp"

#include "core/json/value.hpp"
#include "core/json/writer.hpp"

#include <fmt/format.h>

#include <limits>

namespace evercert::storage {
namespace {

constexpr std::int64_t current_format = 1;
constexpr std::size_t record_limit = 256 * 1024;

// Every member of a record stands here once; reading and writing walk the same list.

template <class Record, class Fields>
void walk_job(Record& job, Fields& fields) {
    fields.text("issuer", job.issuer);
    fields.text("order_issuer", job.order_issuer);
    fields.text("order_url", job.order_url);
    fields.text("order_names", job.order_names);
    fields.text("order_key", job.order_key);
    fields.count("failures", job.failures);
    fields.time("first_failure", job.first_failure);
    fields.time("last_failure", job.last_failure);
    fields.text("attempted", job.attempted);
    fields.text("problem_class", job.problem_class);
    fields.text("problem", job.problem);
    fields.time("not_before", job.not_before);
    fields.text("renew_for", job.renew_for);
    fields.time("renew_at", job.renew_at);
    fields.text("renew_reason", job.renew_reason);
    fields.count("deploying", job.deploying);
    fields.count("deploy_failures", job.deploy_failures);
    fields.time("deploy_not_before", job.deploy_not_before);
    fields.text("deploy_problem", job.deploy_problem);
    fields.text("deployed", job.deployed);
    fields.time("last_success", job.last_success);
    fields.text("revoked", job.revoked);
}

template <class Record, class Fields>
void walk_account(Record& account, Fields& fields) {
    fields.text("directory", account.directory);
    fields.text("url", account.url);
    fields.text("contacts", account.contacts);
}

/// RFC 3339 with as many fraction digits as the clock has: what was drawn is kept exactly.
std::string exact_time(wall_time when) {
    auto whole = std::chrono::floor<seconds>(when);
    std::string text = format_time(whole);
    if (auto rest = (when - whole).count(); rest != 0 && text.ends_with('Z')) {
        text.insert(text.size() - 1, fmt::format(".{:03}", rest));
    }
    return text;
}

class writing {
public:
    writing() : out_(true) { out_.begin_object().member("format", current_format); }
    void text(std::string_view name, const std::string& value) {
        if (!value.empty()) {
            out_.member(name, value);
        }
    }
    void count(std::string_view name, unsigned value) {
        if (value != 0) {
            out_.member(name, static_cast<std::int64_t>(value));
        }
    }
    void time(std::string_view name, const std::optional<wall_time>& value) {
        if (value) {
            out_.member(name, exact_time(*value));
        }
    }
    std::string finish() { return out_.end_object().text() + "\n"; }

private:
    json::writer out_;
};

/// Keeps the first mistake; the rest of the walk does nothing.
class reading {
public:
    explicit reading(json::value in) : in_(std::move(in)) {}
    void text(std::string_view name, std::string& value) {
        if (auto found = keep(in_.optional_string(name))) {
            value = std::move(*found);
        }
    }
    void count(std::string_view name, unsigned& value) {
        auto found = keep(in_.optional_integer(name));
        if (!found) {
            return;
        }
        if (*found < 0 || *found > std::numeric_limits<unsigned>::max()) {
            wrong(name, "out of range");
        } else {
            value = static_cast<unsigned>(*found);
        }
    }
    void time(std::string_view name, std::optional<wall_time>& value) {
        auto found = keep(in_.optional_string(name));
        if (!found) {
            return;
        }
        if (auto when = parse_rfc3339(*found)) {
            value = *when;
        } else {
            wrong(name, "no RFC 3339 time");
        }
    }
    [[nodiscard]] const std::optional<error>& problem() const { return problem_; }

private:
    template <class T>
    std::optional<T> keep(result<std::optional<T>> found) {
        if (problem_) {
            return std::nullopt;
        }
        if (!found) {
            problem_ = error(errc::corrupted, found.error().message, found.error().foreign);
            return std::nullopt;
        }
        return std::move(*found);
    }
    void wrong(std::string_view name, std::string_view why) {
        problem_ = error(errc::corrupted, fmt::format("{}: {}", name, why));
    }

    json::value in_;
    std::optional<error> problem_;
};

result<json::value> open_record(std::string_view text) {
    auto document = json::parse(text, record_limit);
    if (!document) {
        return fail(errc::corrupted, document.error().message, document.error().foreign);
    }
    auto format = document->integer("format");
    if (!format || *format < 1) {
        return fail(errc::corrupted, "no record: a member \"format\" with a number is missing");
    }
    if (*format > current_format) {
        return fail(
            errc::unsupported,
            fmt::format("the record has format {}, this evercert knows {}: it was written by a newer one",
                        *format, current_format));
    }
    return std::move(*document);
}

} // namespace

std::string to_json(const job_record& record) {
    writing out;
    walk_job(record, out);
    return out.finish();
}

std::string to_json(const account_record& record) {
    writing out;
    walk_account(record, out);
    return out.finish();
}

result<job_record> job_from_json(std::string_view text) {
    auto document = open_record(text);
    if (!document) {
        return fail(std::move(document.error()));
    }
    job_record record;
    reading in(std::move(*document));
    walk_job(record, in);
    if (in.problem()) {
        return fail(*in.problem());
    }
    return record;
}

result<account_record> account_from_json(std::string_view text) {
    auto document = open_record(text);
    if (!document) {
        return fail(std::move(document.error()));
    }
    account_record record;
    reading in(std::move(*document));
    walk_account(record, in);
    if (in.problem()) {
        return fail(*in.problem());
    }
    return record;
}

} // namespace evercert::storage
