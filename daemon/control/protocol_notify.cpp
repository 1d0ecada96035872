// Notifications: who is told, and how a test went.
#include "daemon/control/json_record.hpp"
#include "daemon/control/json_words.hpp"
#include "daemon/control/protocol.hpp"

namespace evercert::daemon {
namespace {

void write_audience(json::writer& out, const audience_view& one) {
    out.begin_object();
    out.member("name", one.name);
    out.member("type", one.type);
    out.member("target", one.target);
    out.member("on", one.on);
    out.member("troubled", static_cast<std::int64_t>(one.troubled));
    out.member("queued", static_cast<std::int64_t>(one.queued));
    write_time(out, "delivered", one.delivered);
    out.member("problem", one.problem);
    out.end_object();
}

result<audience_view> read_audience(const json::value& from) {
    audience_view one;
    record_reader in(from);
    in.text("name", one.name);
    in.text("type", one.type);
    in.text("target", one.target);
    in.texts("on", one.on);
    in.number("troubled", one.troubled);
    in.number("queued", one.queued);
    in.optional_time("delivered", one.delivered);
    in.text("problem", one.problem);
    return in.finish(std::move(one));
}

void write_test(json::writer& out, const test_outcome& one) {
    out.begin_object();
    out.member("name", one.name);
    out.member("target", one.target);
    out.member("problem", one.problem);
    out.end_object();
}

result<test_outcome> read_test(const json::value& from) {
    test_outcome one;
    record_reader in(from);
    in.text("name", one.name);
    in.text("target", one.target);
    in.text("problem", one.problem);
    return in.finish(std::move(one));
}

} // namespace

std::string notifications_to_json(const std::vector<audience_view>& all) {
    json::writer out;
    begin_answer(out);
    write_list(out, "notifications", all, write_audience);
    out.end_object();
    return out.text();
}

std::string tests_to_json(const std::vector<test_outcome>& all) {
    json::writer out;
    begin_answer(out);
    write_list(out, "tests", all, write_test);
    out.end_object();
    return out.text();
}

result<std::vector<audience_view>> notifications_from_json(std::string_view text) {
    return read_answer_list<audience_view>(text, "notifications", read_audience);
}

result<std::vector<test_outcome>> tests_from_json(std::string_view text) {
    return read_answer_list<test_outcome>(text, "tests", read_test);
}

} // namespace evercert::daemon
