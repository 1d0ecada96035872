// Every state of an order at every step.
#include "core/acme/order_flow.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::acme;
using kind = order_event::kind;
using act = order_action;

namespace {

const std::vector<identifier> ours{parse_identifier("a.example.com").value()};

order in(order_status status, bool with_certificate = true) {
    order made;
    made.status = status;
    made.names = ours;
    made.authorizations = {"https://ca.example/authz/1"};
    made.finalize = "https://ca.example/finalize";
    made.certificate = status == order_status::valid && with_certificate ? "https://ca.example/cert" : "";
    return made;
}

order_flow at_step(order_state wanted) {
    order_flow flow(ours, wanted == order_state::fetching ? "https://ca.example/order" : "");
    flow.resume(order_event(kind::started));
    if (wanted == order_state::proving) {
        flow.resume(order_event(in(order_status::pending)));
    }
    if (wanted == order_state::finalizing || wanted == order_state::polling ||
        wanted == order_state::downloading) {
        flow.resume(order_event(in(order_status::ready)));
    }
    if (wanted == order_state::polling) {
        flow.resume(order_event(in(order_status::processing)));
    }
    if (wanted == order_state::downloading) {
        flow.resume(order_event(in(order_status::valid)));
    }
    REQUIRE(flow.state() == wanted);
    return flow;
}

} // namespace

TEST_CASE("an order object, in each status, at each step") {
    struct row {
        order_state where;
        act pending, ready, processing, valid, invalid, unknown;
    };
    const std::vector<row> table = {
        {order_state::creating, act::prove, act::finalize, act::wait_and_fetch, act::download, act::fail,
         act::wait_and_fetch},
        {order_state::fetching, act::prove, act::finalize, act::wait_and_fetch, act::download, act::fail,
         act::wait_and_fetch},
        {order_state::finalizing, act::wait_and_fetch, act::wait_and_fetch, act::wait_and_fetch,
         act::download, act::fail, act::wait_and_fetch},
        {order_state::polling, act::wait_and_fetch, act::finalize, act::wait_and_fetch, act::download,
         act::fail, act::wait_and_fetch},
    };
    for (const auto& r : table) {
        const std::vector<std::pair<order_status, act>> cells = {
            {order_status::pending, r.pending},       {order_status::ready, r.ready},
            {order_status::processing, r.processing}, {order_status::valid, r.valid},
            {order_status::invalid, r.invalid},       {order_status::unknown, r.unknown}};
        for (const auto& [status, expected] : cells) {
            CAPTURE(to_string(r.where), to_string(status));
            order_flow flow = at_step(r.where);
            CHECK(to_string(flow.resume(order_event(in(status)))) == to_string(expected));
            if (expected == act::fail) {
                CHECK(flow.trouble().order_gone);
            }
        }
    }
}

TEST_CASE("failure and the end of patience, at each step") {
    const std::vector<std::pair<order_state, step>> table = {
        {order_state::creating, step::new_order},    {order_state::fetching, step::order},
        {order_state::proving, step::authorization}, {order_state::finalizing, step::finalize},
        {order_state::polling, step::order},         {order_state::downloading, step::certificate}};
    for (const auto& [where, blamed] : table) {
        CAPTURE(to_string(where));
        order_flow flow = at_step(where);
        CHECK(flow.resume(order_event::impatient(seconds(7))) == act::fail);
        CHECK(flow.trouble().where == blamed);
        CHECK(flow.trouble().cause.code == errc::timed_out);
        CHECK(flow.trouble().retry_after == seconds(7));
        CHECK_FALSE(flow.trouble().order_gone);
        CHECK(flow.resume(order_event(in(order_status::valid))) == act::fail); // and stays so

        order_flow other = at_step(where);
        failure why(step::nonce, error(errc::network, "gone"));
        CHECK(other.resume(order_event(why)) == act::fail);
        CHECK(other.trouble().where == step::nonce);
    }
}

TEST_CASE("after all names are proven the order is finalized without looking at it") {
    order_flow flow = at_step(order_state::proving);
    CHECK(flow.resume(order_event(kind::proven)) == act::finalize);
    SECTION("and if the CA is not ready, it is looked at, once without waiting") {
        failure why(step::finalize, error(errc::refused, "not ready"));
        CHECK(flow.resume(order_event(kind::not_ready, why)) == act::fetch);
        CHECK(flow.resume(order_event(in(order_status::pending))) == act::wait_and_fetch);
        CHECK(flow.resume(order_event(in(order_status::ready))) == act::finalize);
        CHECK(flow.resume(order_event(kind::not_ready, why)) == act::wait_and_fetch);
    }
    SECTION("a CA that says ready and refuses for ever is given up") {
        failure why(step::finalize, error(errc::refused, "not ready"));
        act next = act::fetch;
        int finalizes = 1;
        for (int i = 0; i < 100 && next != act::fail; ++i) {
            next = flow.resume(order_event(kind::not_ready, why));
            if (next == act::fail) {
                break;
            }
            next = flow.resume(order_event(in(order_status::ready)));
            finalizes += next == act::finalize ? 1 : 0;
        }
        CHECK(next == act::fail);
        CHECK(finalizes == 10);
        CHECK(flow.trouble().where == step::finalize);
    }
    SECTION("answers may leave out what the order said before") {
        order terse = in(order_status::ready);
        terse.finalize.clear();
        flow.resume(order_event(in(order_status::processing)));
        CHECK(flow.resume(order_event(terse)) == act::finalize);
        CHECK(flow.current().finalize == "https://ca.example/finalize");
    }
}

TEST_CASE("valid without a certificate is believed a few times only") {
    order_flow flow = at_step(order_state::polling);
    for (int i = 0; i < 3; ++i) {
        CHECK(flow.resume(order_event(in(order_status::valid, false))) == act::wait_and_fetch);
    }
    CHECK(flow.resume(order_event(in(order_status::valid, false))) == act::fail);
    CHECK(flow.trouble().order_gone);
}

TEST_CASE("an invalid order carries the CA's reason") {
    order_flow flow = at_step(order_state::fetching);
    order bad = in(order_status::invalid);
    bad.trouble = problem();
    bad.trouble->type = "caa";
    bad.trouble->detail = "forbidden";
    CHECK(flow.resume(order_event(bad)) == act::fail);
    CHECK(flow.trouble().said->is("caa"));
    CHECK(flow.trouble().cause.foreign == "caa: forbidden");
}

TEST_CASE("an order for other names fails wherever it appears") {
    for (const auto where :
         {order_state::creating, order_state::fetching, order_state::finalizing, order_state::polling}) {
        order_flow flow = at_step(where);
        order wrong = in(order_status::valid);
        wrong.names.push_back(parse_identifier("b.example.com").value());
        CHECK(flow.resume(order_event(wrong)) == act::fail);
        CHECK(flow.trouble().cause.code == errc::protocol);
        CHECK(flow.trouble().order_gone);
    }
}
