// Scripts as people have them, run unmodified by the real runner; and the zoo of those that misbehave.
#include "tests/solvers/dns01/exec_real.hpp"

#include <csignal>
#include <unistd.h>

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;

namespace {

bool goes_away(pid_t pid) {
    for (int i = 0; i < 2000; ++i) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string text;
        if (!std::getline(stat, text) || text.find(") Z ") != std::string::npos) {
            return true;
        }
        ::usleep(1000);
    }
    return false;
}

pid_t pid_in(const real_hooks& hooks, const std::string& file) {
    return static_cast<pid_t>(std::strtol(hooks.contents(file).c_str(), nullptr, 10));
}

} // namespace

TEST_CASE_METHOD(real_hooks, "A script for lego puts records and takes them away", "[dns01exec]") {
    auto settings = hook(hook_convention::lego, script("update-dns.sh", R"sh(#!/bin/sh
set -eu
action=$1 name=$2 value=$3
[ "$#" -eq 3 ] || exit 9
case "$action" in
present) echo "$name 120 IN TXT \"$value\"" >>"$ZONE_FILE" ;;
cleanup) grep -vF "\"$value\"" "$ZONE_FILE" >"$ZONE_FILE.new" || true; mv "$ZONE_FILE.new" "$ZONE_FILE" ;;
*) exit 8 ;;
esac
)sh"));
    settings.environment_files = {folder.write("env", "ZONE_FILE='" + (folder / "zone") + "'\n")};
    make(settings);
    succeed({add(txt("example.com", "-value1")), add(txt("example.com", "value2")),
             add(txt("b.example", "value3", "x.acme.example"))});
    CHECK(contents("zone") == "_acme-challenge.example.com. 120 IN TXT \"-value1\"\n"
                              "_acme-challenge.example.com. 120 IN TXT \"value2\"\n"
                              "x.acme.example. 120 IN TXT \"value3\"\n");
    succeed({remove(txt("example.com", "-value1")), remove(txt("b.example", "value3", "x.acme.example"))});
    CHECK(contents("zone") == "_acme-challenge.example.com. 120 IN TXT \"value2\"\n");
}

TEST_CASE_METHOD(real_hooks,
                 "certbot's two hooks: the cleanup hook gets what the auth hook printed to stdout",
                 "[dns01exec]") {
    auto settings = hook(hook_convention::certbot, script("authenticator.sh", R"sh(#!/bin/bash
echo "asking the API" >&2
[ -z "${CERTBOT_TOKEN+set}" ] || exit 9
echo "add _acme-challenge.$CERTBOT_DOMAIN $CERTBOT_VALIDATION" >>"$(dirname "$0")/log"
if [ "$CERTBOT_REMAINING_CHALLENGES" = 0 ]; then
  echo "reload after $CERTBOT_ALL_DOMAINS" >>"$(dirname "$0")/log"
fi
echo "record-$CERTBOT_DOMAIN"
)sh"));
    settings.cleanup = {script("cleanup.sh", R"sh(#!/bin/bash
echo "rm $CERTBOT_DOMAIN $CERTBOT_VALIDATION $CERTBOT_AUTH_OUTPUT" >>"$(dirname "$0")/log"
)sh")};
    make(settings);
    succeed({add(txt("a.example", "v1")), add(txt("b.example", "v2"))});
    CHECK(contents("log") == "add _acme-challenge.a.example v1\nadd _acme-challenge.b.example v2\n"
                             "reload after a.example,b.example\n");
    folder.write("log", "");
    succeed({remove(txt("b.example", "v2")), remove(txt("a.example", "v1"))});
    CHECK(contents("log") == "rm b.example v2 record-b.example\nrm a.example v1 record-a.example\n");
}

TEST_CASE_METHOD(real_hooks, "A hook for dehydrated, plain and with HOOK_CHAIN", "[dns01exec]") {
    const std::string path = script("hook.sh", R"sh(#!/usr/bin/env bash
set -e
LOG="$(dirname "$0")/log"
deploy_challenge() {
    echo "call" >>"$LOG"
    while [ $# -ge 3 ]; do
        local DOMAIN="${1}" TOKEN_FILENAME="${2}" TOKEN_VALUE="${3}"
        printf 'update add _acme-challenge.%s 300 IN TXT "%s" %s\n' "$DOMAIN" "$TOKEN_VALUE" "$TOKEN_FILENAME" >>"$LOG"
        shift 3
    done
}
clean_challenge() { echo "clean $*" >>"$LOG"; }
HANDLER="$1"; shift
if [[ "${HANDLER}" =~ ^(deploy_challenge|clean_challenge)$ ]]; then
  "$HANDLER" "$@"
else
  exit 7
fi
)sh");
    make(hook(hook_convention::dehydrated, path));
    succeed({add(txt("a.example", "v1")), add(txt("b.example", "v2")), remove(txt("a.example", "v1"))});
    CHECK(contents("log") == "call\nupdate add _acme-challenge.a.example 300 IN TXT \"v1\" tok-v1\n"
                             "call\nupdate add _acme-challenge.b.example 300 IN TXT \"v2\" tok-v2\n"
                             "clean a.example tok-v1 v1\n");
    folder.write("log", "");
    auto settings = hook(hook_convention::dehydrated, path);
    settings.chain = true;
    make(settings);
    succeed({add(txt("a.example", "v1")), add(txt("b.example", "v2"))});
    CHECK(contents("log") == "call\nupdate add _acme-challenge.a.example 300 IN TXT \"v1\" tok-v1\n"
                             "update add _acme-challenge.b.example 300 IN TXT \"v2\" tok-v2\n");
}

TEST_CASE_METHOD(real_hooks, "A hook that hangs is ended with all it started, and the next ones work",
                 "[dns01exec]") {
    auto settings = hook(hook_convention::lego, script("hook", R"sh(#!/bin/sh
cd "$(dirname "$0")"
case $2 in
*hang*) trap '' TERM; sleep 60 & echo $! >child; echo "waiting for the API"; while :; do wait; done ;;
*) echo "$1 $2" >>log ;;
esac
)sh"));
    settings.deadline = seconds(2);
    make(settings);
    auto hang = add(txt("hang.example", "v"));
    auto next = add(txt("b.example", "v"));
    wait({hang, next});
    CHECK(next->ok());
    CHECK(hang->why().code == errc::timed_out);
    CHECK(hang->why().foreign == "waiting for the API");
    CHECK(hang->why().message.find("longer deadline") != std::string::npos);
    CHECK(goes_away(pid_in(*this, "child")));
    CHECK(contents("log") == "present _acme-challenge.b.example.\n");
}

TEST_CASE_METHOD(real_hooks, "A hook that floods is read to its end and kept in bounds", "[dns01exec]") {
    make(hook(hook_convention::lego, script("hook", "#!/bin/sh\nyes flood | head -c 20000000\nexit 4\n")));
    auto flood = add(txt("a.example", "v"));
    wait({flood});
    CHECK(flood->why().code == errc::refused);
    CHECK(flood->why().message.find("exited with 4") != std::string::npos);
    CHECK(flood->why().text().size() < 1500);
}

TEST_CASE_METHOD(real_hooks, "What a hook left running in its group is ended", "[dns01exec]") {
    make(hook(hook_convention::lego, script("hook", "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n"
                                                    "( ( sleep 60 & echo $! >child ) & )\n"
                                                    "while [ ! -s child ]; do :; done\nexit 0\n")));
    succeed({add(txt("a.example", "v"))});
    CHECK(goes_away(pid_in(*this, "child")));
}

TEST_CASE_METHOD(real_hooks, "Programs that are missing, may not be run or call what is missing",
                 "[dns01exec]") {
    const std::string plain = folder.write("plain", "#!/bin/sh\n");
    const std::string calls_none = script("calls", "#!/bin/sh\nexec evercert-no-such-program\n");
    struct row {
        exec_settings settings;
        errc code;
        const char* word;
    };
    std::vector<row> rows = {
        {hook(hook_convention::lego, folder / "none"), errc::not_found, "there is no program"},
        {hook(hook_convention::dehydrated, plain), errc::not_found, "chmod +x"},
        {hook(hook_convention::certbot, calls_none), errc::refused, "PATH"},
        {hook(hook_convention::acme_sh, folder / "dns_none.sh"), errc::not_found,
         "cannot read the dnsapi script"},
        {hook(hook_convention::lego, "/bin/true"), errc::not_found, "environment file"},
    };
    rows.back().settings.environment_files = {folder / "nowhere"};
    for (const auto& each : rows) {
        make(each.settings);
        auto one = add(txt("a.example", "v"));
        wait({one});
        INFO(one->why().text());
        CHECK(one->why().code == each.code);
        CHECK(one->why().message.find(each.word) != std::string::npos);
        CHECK(one->why().message.find(each.settings.program[0]) != std::string::npos);
    }
}

TEST_CASE_METHOD(real_hooks, "Cancelling ends the program at once; its record is taken away afterwards",
                 "[dns01exec]") {
    make(hook(hook_convention::lego,
              script("hook", "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$1\" >>log\n"
                             "[ \"$1\" = cleanup ] || { echo $$ >pid.new; mv pid.new pid; "
                             "exec sleep 60; }\n")));
    auto one = add(txt("a.example", "v"));
    for (int i = 0; i < 2000 && ::access((folder / "pid").c_str(), F_OK) != 0; ++i) {
        loop.run_one_for(milliseconds(5));
    }
    const pid_t pid = pid_in(*this, "pid");
    REQUIRE(pid > 0);
    one->cancel();
    wait({one});
    CHECK(one->cancelled);
    CHECK(goes_away(pid));
    succeed({remove(txt("a.example", "v"))});
    CHECK(contents("log") == "present\ncleanup\n");
}
