// What programs are called with, word for word.
#include "solvers/dns01/exec_call.hpp"
#include "tests/solvers/dns01/exec_fixture.hpp"

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;

namespace {

using words = std::vector<std::string>;

hook_call made(const exec_settings& settings, hook_operation what, std::vector<txt_task> tasks,
               certbot_context context = {}) {
    return make_hook_call(settings, what, tasks, context);
}

const txt_task plain = txt("www.example.com", "Val_-1");
const txt_task led = txt("example.com", "Val_-2", "x1.acme.example.net");

} // namespace

TEST_CASE("lego: present and cleanup with the name where CNAMEs lead, with its final dot", "[dns01exec]") {
    const auto settings = hook(hook_convention::lego);
    CHECK(made(settings, hook_operation::add, {plain}).argv ==
          words{"/hook", "present", "_acme-challenge.www.example.com.", "Val_-1"});
    CHECK(made(settings, hook_operation::remove, {led}).argv ==
          words{"/hook", "cleanup", "x1.acme.example.net.", "Val_-2"});
    CHECK(made(settings, hook_operation::add, {plain}).environment.empty());
    auto wrapped = settings;
    wrapped.program = {"sudo", "-n", "/hook"};
    CHECK(made(wrapped, hook_operation::add, {plain}).argv ==
          words{"sudo", "-n", "/hook", "present", "_acme-challenge.www.example.com.", "Val_-1"});
}

TEST_CASE("lego raw: domain, token and key authorization behind --", "[dns01exec]") {
    const auto settings = hook(hook_convention::lego_raw);
    const auto call = made(settings, hook_operation::add, {led});
    CHECK(call.argv == words{"/hook", "present", "--", "example.com", "tok-Val_-2", "tok-Val_-2.thumb"});
    CHECK(call.shown == "/hook present -- example.com TOKEN KEYAUTHORIZATION");
    CHECK(made(settings, hook_operation::remove, {led}).argv[1] == "cleanup");
}

TEST_CASE("certbot: everything in the environment, two programs, CERTBOT_TOKEN for http only",
          "[dns01exec]") {
    auto settings = hook(hook_convention::certbot, "/auth");
    settings.cleanup = {"/cleanup", "-v"};
    certbot_context context;
    context.all_domains = "example.com,www.example.com";
    context.remaining = 1;
    context.auth_output = "id 7";
    auto call = made(settings, hook_operation::add, {led}, context);
    CHECK(call.argv == words{"/auth"});
    std::vector<std::pair<std::string, std::string>> told = {
        {"CERTBOT_DOMAIN", "example.com"},
        {"CERTBOT_IDENTIFIER", "example.com"},
        {"CERTBOT_VALIDATION", "Val_-2"},
        {"CERTBOT_ALL_DOMAINS", "example.com,www.example.com"},
        {"CERTBOT_ALL_IDENTIFIERS", "example.com,www.example.com"},
        {"CERTBOT_REMAINING_CHALLENGES", "1"},
    };
    CHECK(call.environment == told);
    call = made(settings, hook_operation::remove, {led}, context);
    CHECK(call.argv == words{"/cleanup", "-v"});
    told.emplace_back("CERTBOT_AUTH_OUTPUT", "id 7");
    CHECK(call.environment == told);
    settings.cleanup.clear();
    CHECK(made(settings, hook_operation::remove, {led}, context).argv.empty());
}

TEST_CASE("dehydrated: the domain, the token, the digest; and again for each of a chain", "[dns01exec]") {
    const auto settings = hook(hook_convention::dehydrated);
    CHECK(made(settings, hook_operation::add, {led}).argv ==
          words{"/hook", "deploy_challenge", "example.com", "tok-Val_-2", "Val_-2"});
    CHECK(made(settings, hook_operation::remove, {led, plain}).argv ==
          words{"/hook", "clean_challenge", "example.com", "tok-Val_-2", "Val_-2", "www.example.com",
                "tok-Val_-1", "Val_-1"});
    const auto many = made(settings, hook_operation::add, {led, led, led, led, plain});
    CHECK(many.argv.size() == 17);
    CHECK(many.shown.ends_with("and 2 more"));
}

TEST_CASE("acme.sh: the shim in the environment, function words and nothing secret in the arguments",
          "[dns01exec]") {
    auto settings = hook(hook_convention::acme_sh, "/usr/share/acme.sh/dnsapi/dns_cf.sh");
    settings.state_folder = "/var/lib/x";
    const auto call = made(settings, hook_operation::add, {led});
    CHECK(call.argv == words{"/bin/sh", "-c", "eval \"$EVERCERT_ACME_SH\"", "evercert-acme-sh",
                             "/usr/share/acme.sh/dnsapi/dns_cf.sh", "dns_cf", "add", "x1.acme.example.net",
                             "Val_-2"});
    CHECK(made(settings, hook_operation::remove, {led}).argv[6] == "rm");
    CHECK(call.environment[1] == std::pair<std::string, std::string>("EVERCERT_STATE", "/var/lib/x"));
    CHECK(call.environment[2] == std::pair<std::string, std::string>("EVERCERT_DOMAIN", "example.com"));
    CHECK(std::string(acme_sh_shim).find("_readaccountconf_mutable") != std::string::npos);
    CHECK(call.shown == "/usr/share/acme.sh/dnsapi/dns_cf.sh (dns_cf_add x1.acme.example.net VALUE)");
}

TEST_CASE("names of dnsapi scripts", "[dns01exec]") {
    CHECK(dnsapi_name("/a/dns_cf.sh") == "dns_cf");
    CHECK(dnsapi_name("dns_1984hosting.sh") == "dns_1984hosting");
    for (const char* bad : {"", "/a/cf.sh", "/a/dns_.sh", "/a/dns_cf", "/a/dns_c f.sh", "/a/dns_$(id).sh",
                            "/dns_cf.sh/x", "/a/dns_a;b.sh"}) {
        CHECK(dnsapi_name(bad).empty());
    }
}

TEST_CASE("settings that cannot work are refused with the mend", "[dns01exec]") {
    const auto refused = [](const exec_settings& settings, std::string_view word) {
        const auto checked = check(settings);
        REQUIRE(!checked.has_value());
        CHECK(checked.error().code == errc::invalid_argument);
        INFO(checked.error().message);
        CHECK(checked.error().message.find(word) != std::string::npos);
    };
    refused(exec_settings(), "needs a program");
    refused(hook(hook_convention::acme_sh, "/a/cf.sh"), "dns_NAME.sh");
    refused(hook(hook_convention::acme_sh, "dns_cf.sh"), "absolute path");
    auto settings = hook(hook_convention::lego);
    settings.cleanup = {"/x"};
    refused(settings, "only certbot");
    settings = hook(hook_convention::certbot);
    settings.chain = true;
    refused(settings, "dehydrated only");
    settings = hook(hook_convention::certbot);
    settings.account_conf = "/x";
    refused(settings, "account.conf");
    settings = hook(hook_convention::acme_sh, "/a/dns_cf.sh");
    settings.state_folder = "x";
    refused(settings, "absolute path");
    settings = hook(hook_convention::lego);
    settings.deadline = milliseconds(-1);
    refused(settings, "negative");
}

TEST_CASE("deadlines have a default for each convention", "[dns01exec]") {
    CHECK(run_deadline(hook(hook_convention::certbot)) == seconds(60));
    CHECK(run_deadline(hook(hook_convention::acme_sh, "/dns_x.sh")) == seconds(120));
    auto settings = hook(hook_convention::acme_sh, "/dns_x.sh");
    settings.deadline = seconds(5);
    CHECK(run_deadline(settings) == seconds(5));
}

TEST_CASE("a failure says who, how, what it said and what to do, and no secret", "[dns01exec]") {
    auto settings = hook(hook_convention::lego);
    settings.program = {"/hook", "--password=hunter2"};
    const auto call = made(settings, hook_operation::add, {plain});
    secret_environment secrets;
    secrets.set("API_TOKEN", "s3cr3t-token");
    secrets.set("DEBUG", "1");
    struct row {
        process_outcome outcome;
        errc code;
        const char* word;
    };
    process_outcome late;
    late.timed_out = true;
    process_outcome killed;
    killed.signal = 9;
    const std::vector<row> rows = {
        {scripted_runner::bad(1, "token s3cr3t-token is not valid\n"), errc::refused, "exited with 1"},
        {scripted_runner::bad(127, "nsupdate: not found"), errc::refused, "PATH"},
        {late, errc::timed_out, "within its deadline of 1m"},
        {killed, errc::refused, "killed by signal 9"},
    };
    for (const auto& each : rows) {
        const auto how = judge(settings, call, each.outcome, secrets);
        REQUIRE(!how.has_value());
        INFO(how.error().text());
        CHECK(how.error().code == each.code);
        CHECK(how.error().message.find(each.word) != std::string::npos);
        CHECK(how.error().message.find("/hook present _acme-challenge.www.example.com. VALUE") !=
              std::string::npos);
        CHECK(how.error().text().find("s3cr3t") == std::string::npos);
        CHECK(how.error().text().find("hunter2") == std::string::npos);
    }
    CHECK(judge(settings, call, rows[0].outcome, secrets).error().foreign == "token [hidden] is not valid");
    CHECK(judge(settings, call, scripted_runner::good("ignored"), secrets).has_value());
}

TEST_CASE("of much output the end is told, and of two streams what went to stderr", "[dns01exec]") {
    const auto settings = hook(hook_convention::certbot);
    const auto call = made(settings, hook_operation::add, {plain});
    auto outcome = scripted_runner::bad(1, std::string(5000, 'x') + " the reason\n");
    auto told = judge(settings, call, outcome, secret_environment()).error().foreign;
    CHECK(told.size() == 403);
    CHECK(told.starts_with("...xxx"));
    CHECK(told.ends_with("the reason"));
    outcome.errors = "because \x1b[2J\n";
    const auto why = judge(settings, call, outcome, secret_environment()).error();
    CHECK(why.foreign == "because \x1b[2J");
    CHECK(why.text().find('\x1b') == std::string::npos);
}
