#include "daemon/sandbox/plan.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;

namespace {

config::settings plain() {
    config::settings settings;
    settings.data_dir = "/var/lib/evercert";
    settings.control.socket = "/run/evercert/control.sock";
    return settings;
}

void add_webroot(config::settings& settings, const std::string& name, const std::string& folder) {
    config::challenge web;
    web.name = name;
    web.how = config::http01_webroot{.folder = folder};
    settings.challenges[name] = web;
}

void add_hook(config::settings& settings, const std::string& provider) {
    config::dns_challenge dns;
    dns.provider = provider;
    config::challenge hook;
    hook.name = "dns";
    hook.how = dns;
    settings.challenges["dns"] = hook;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("A daemon that deploys elsewhere writes to its own folders and runs nothing") {
    const sandbox_plan plan = plan_sandbox(plain(), true);
    CHECK(plan.writable == texts{"/run/evercert", "/var/lib/evercert"});
    CHECK(!plan.runs_programs());
}

TEST_CASE("Webroots are written to, a pattern's below its fixed part") {
    config::settings settings = plain();
    add_webroot(settings, "one", "/var/www/html");
    add_webroot(settings, "each", "/srv/sites/x-{name}/www");
    CHECK(plan_sandbox(settings, true).writable ==
          texts{"/run/evercert", "/srv/sites", "/var/lib/evercert", "/var/www/html"});
}

TEST_CASE("Hooks and deployments of its own make it a process that runs programs") {
    CHECK(plan_sandbox(plain(), false).reasons_to_run == texts{"deployments"});
    config::settings settings = plain();
    add_hook(settings, "rfc2136");
    CHECK(!plan_sandbox(settings, true).runs_programs());
    add_hook(settings, "exec");
    CHECK(plan_sandbox(settings, true).reasons_to_run == texts{"the hooks of challenge dns"});
}

TEST_CASE("Notifications by command and by sendmail are programs, webhooks and SMTP are not") {
    config::settings settings = plain();
    config::mail_channel by_smtp;
    by_smtp.smtp = *parse_endpoint("127.0.0.1:25");
    for (const auto& [name, how] :
         {std::pair<std::string, decltype(config::notification::how)>{"command", config::command_channel()},
          {"hook", config::webhook_channel()},
          {"letter", config::mail_channel()},
          {"smtp", by_smtp}}) {
        config::notification one;
        one.name = name;
        one.how = how;
        settings.notifications.push_back(one);
    }
    CHECK(plan_sandbox(settings, true).reasons_to_run ==
          texts{"the notification command", "the notification letter"});
}

TEST_CASE("What a reload needs beyond what was kept is said") {
    const sandbox_plan before = plan_sandbox(plain(), true);
    config::settings more = plain();
    CHECK(beyond(before, plan_sandbox(more, true)).empty());
    add_webroot(more, "inside", "/var/lib/evercert/www");
    CHECK(beyond(before, plan_sandbox(more, true)).empty());
    add_webroot(more, "neighbour", "/var/lib/evercert-www");
    add_hook(more, "exec");
    CHECK(beyond(before, plan_sandbox(more, true)) ==
          texts{"running the hooks of challenge dns", "writing to /var/lib/evercert-www"});
    // A process that gave nothing up lacks nothing.
    CHECK(beyond(plan_sandbox(plain(), false), plan_sandbox(more, true)).empty());
}
