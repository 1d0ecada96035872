// dnsapi scripts of acme.sh around our shim: one that does all its work against an API, and each helper.
#include "tests/solvers/dns01/dns_api_server.hpp"
#include "tests/solvers/dns01/exec_real.hpp"

#include <algorithm>
#include <filesystem>

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;

namespace {

/// As such scripts are written: credentials kept by the account functions, the zone found label by label,
/// answers taken apart by _egrep_o.
constexpr std::string_view api_script = R"sh(#!/usr/bin/env sh
# shellcheck disable=SC2034
dns_fake_info='A DNS service in a test
Options:
 FAKE_Token API token
 FAKE_Api URL
'

dns_fake_add() {
  fulldomain=$1
  txtvalue=$2
  _fake_credentials || return 1
  _saveaccountconf_mutable FAKE_Token "$FAKE_Token"
  _saveaccountconf_mutable FAKE_Api "$FAKE_Api"
  if ! _get_root "$fulldomain"; then
    _err "invalid domain"
    return 1
  fi
  _debug _domain_id "$_domain_id"
  if _fake_rest POST "zones/$_domain_id/records" "{\"name\":\"$fulldomain\",\"type\":\"TXT\",\"content\":\"$txtvalue\"}"; then
    if _contains "$response" '"success": true'; then
      _savedomainconf FAKE_Last "$(printf "%s\n" "$response" | _egrep_o '"id": *[0-9]*' | _head_n 1 | cut -d : -f 2 | tr -d ' ')"
      _info "Added, OK"
      return 0
    fi
  fi
  _err "Add txt record error."
  return 1
}

dns_fake_rm() {
  fulldomain=$1
  txtvalue=$2
  _fake_credentials || return 1
  _get_root "$fulldomain" || return 1
  _fake_rest GET "zones/$_domain_id/records" || return 1
  record_id=$(printf "%s\n" "$response" | _egrep_o "\"id\":[0-9]*,\"record\":{\"name\":\"$fulldomain\",\"type\":\"TXT\",\"content\":\"$txtvalue\"" | _egrep_o "\"id\":[0-9]*" | cut -d : -f 2)
  if [ -z "$record_id" ]; then
    _info "Don't need to remove."
    return 0
  fi
  _fake_rest DELETE "zones/$_domain_id/records/$record_id" && _contains "$response" '"success": true'
}

_fake_credentials() {
  FAKE_Token="${FAKE_Token:-$(_readaccountconf_mutable FAKE_Token)}"
  FAKE_Api="${FAKE_Api:-$(_readaccountconf_mutable FAKE_Api)}"
  if [ -z "$FAKE_Token" ] || [ -z "$FAKE_Api" ]; then
    FAKE_Token=""
    _err "You didn't specify the api token yet."
    return 1
  fi
}

_get_root() {
  domain=$1
  i=1
  p=1
  while true; do
    h=$(printf "%s" "$domain" | cut -d . -f "$i"-100)
    if [ -z "$h" ]; then
      return 1
    fi
    _fake_rest GET "zones?name=$h" || return 1
    response=$(printf "%s" "$response" | _normalizeJson)
    if _contains "$response" '"id":"'; then
      _domain_id=$(printf "%s\n" "$response" | _egrep_o '"id":"[^"]*"' | _head_n 1 | cut -d : -f 2 | tr -d \")
      _sub_domain=$(printf "%s" "$domain" | cut -d . -f 1-"$p")
      _domain=$h
      return 0
    fi
    p=$i
    i=$(_math "$i" + 1)
  done
}

_fake_rest() {
  export _H1="Authorization: Bearer $FAKE_Token"
  if [ "$1" = "GET" ]; then
    response="$(_get "$FAKE_Api/$2")"
  else
    response="$(_post "${3-}" "$FAKE_Api/$2" "" "$1" "application/json")"
  fi
  if [ "$?" != "0" ]; then
    _err "error $2"
    return 1
  fi
  grep -q "^X-Request-Id: r1" "$HTTP_HEADER" || return 1
}
)sh";

struct acme_hooks : real_hooks {
    acme_hooks() {
        settings = hook(hook_convention::acme_sh, folder.write("dns_fake.sh", api_script));
        settings.state_folder = folder / "state";
    }
    /// Runs `body` as the add function of a script; what it printed if it failed, which it does to be heard.
    std::string said(const std::string& body, const std::string& first_line = "#!/usr/bin/env sh") {
        settings.program = {
            folder.write("dns_probe.sh", first_line + "\ndns_probe_add() {\n" + body + "\n}\n")};
        make(settings);
        auto one = add(txt("a.example", "v"));
        wait({one});
        return one->why().foreign;
    }

    exec_settings settings;
};

} // namespace

TEST_CASE_METHOD(acme_hooks, "A dnsapi script finds its zone, adds and removes by an API", "[dns01exec]") {
    dns_api_server server(loop, "t0p\"\\secret");
    settings.environment_files = {
        folder.write("env", "FAKE_Token='t0p\"\\secret'\nFAKE_Api=" + server.url() + "\n")};
    make(settings);
    succeed({add(txt("www.example.com", "Val_-1")), add(txt("www.example.com", "Val_-2"))});
    REQUIRE(server.records.size() == 2);
    CHECK(server.records[1] ==
          R"({"name":"_acme-challenge.www.example.com","type":"TXT","content":"Val_-1"})");
    const auto& last = server.headers_of_last;
    CHECK(std::ranges::find(last, "Content-Type: application/json") != last.end());
    succeed({remove(txt("www.example.com", "Val_-1")), remove(txt("www.example.com", "never"))});
    CHECK(server.records.size() == 1);
    CHECK(server.records.contains(2));
    // Nothing is left behind, and what is kept is ours alone.
    CHECK((std::filesystem::status(folder / "state").permissions() & std::filesystem::perms(077)) ==
          std::filesystem::perms::none);
    CHECK(contents("state/domains/www.example.com").starts_with("FAKE_Last =Mg== "));

    // From now on the script knows its credentials from what it saved, as with acme.sh.
    settings.environment_files.clear();
    make(settings);
    succeed({add(txt("example.com", "third"))});
    CHECK(server.records.size() == 2);
}

TEST_CASE_METHOD(acme_hooks,
                 "The account.conf of an acme.sh that was here before is enough, and stays as it was",
                 "[dns01exec]") {
    dns_api_server server(loop, "with space");
    const std::string conf =
        "LOG_FILE='/x'\nif broken\nSAVED_FAKE_Token='__ACME_BASE64__START_d2l0aCBzcGFjZQ==__ACME_"
        "BASE64__END_'\nSAVED_FAKE_Api='" +
        server.url() + "'\nUSER_PATH='/usr/bin'\n";
    settings.account_conf = folder.write("account.conf", conf);
    make(settings);
    succeed({add(txt("example.com", "v"))});
    CHECK(server.records.size() == 1);
    CHECK(contents("account.conf") == conf);
    CHECK(contents("state/account").empty()); // no second copy of a secret

    // The operator changed the token: what was saved before does not hide it.
    folder.write("account.conf", "SAVED_FAKE_Token='old'\nSAVED_FAKE_Api='" + server.url() + "'\n");
    auto refused = add(txt("example.com", "w"));
    wait({refused});
    CHECK(refused->why().code == errc::refused);
    CHECK(refused->why().message.find("dns_fake_add _acme-challenge.example.com VALUE") != std::string::npos);
    CHECK(refused->why().foreign.find("invalid domain") != std::string::npos);
}

TEST_CASE_METHOD(acme_hooks, "What a script saves is newer than the operator's value until that changes",
                 "[dns01exec]") {
    const std::string body =
        "_err \"<$(_readaccountconf_mutable T)>\"; _saveaccountconf_mutable T \"new'$(printf "
        "'\\n')x\"; _err \"<$(_readaccountconf_mutable T)>\"; return 1";
    settings.environment_files = {folder.write("env", "SAVED_T=one\n")};
    CHECK(said(body) == "<one>\n<new'x>");
    CHECK(said(body) == "<new'x>\n<new'x>");
    folder.write("env", "SAVED_T=two\n");
    CHECK(said(body) == "<two>\n<new'x>");
    CHECK(said("_clearaccountconf_mutable T; _err \"<$(_readaccountconf_mutable T)>\"; return 1") == "<two>");
}

TEST_CASE_METHOD(acme_hooks, "What an old script saved it finds in the variable the next time",
                 "[dns01exec]") {
    CHECK(said("_saveaccountconf Old_Key \"k 1\"; _savedomainconf D d; return 1").empty());
    CHECK(said("_err \"$Old_Key $(_readaccountconf Old_Key) $(_readdomainconf D)\"; return 1") ==
          "k 1 k 1 d");
    CHECK(said("_saveaccountconf_mutable E ''; _saveaccountconf_mutable F f; return 1").empty());
    CHECK(said("_err \"[$(_readaccountconf_mutable E)$(_readaccountconf_mutable F)]\"; return 1") == "[f]");
    settings.state_folder.clear();
    CHECK(said("_saveaccountconf_mutable K v; _err \"$(_readaccountconf_mutable K)\"; return 1") == "v");
    CHECK(said("_err \"[$(_readaccountconf_mutable K)]\"; return 1") == "[]");
}

TEST_CASE_METHOD(acme_hooks, "Each helper does what scripts expect of it", "[dns01exec]") {
    // Digests: RFC 2202, RFC 4231 and FIPS 180. "key" is Jefe.
    const std::string jefe = "4a656665";
    const std::string message = "printf 'what do ya want for nothing?'";
    struct row {
        std::string command;
        std::string output;
    };
    const std::vector<row> rows = {
        {"printf 'a b/~\\303\\274' | _url_encode", "a%20b%2f~%c3%bc"},
        {"printf 'a b/' | _url_encode upper-hex", "a%20b%2F"},
        {"printf 'abc' | _digest sha256 hex",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"printf 'abc' | _digest sha1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
        {message + " | _hmac sha256 " + jefe + " hex",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {message + " | _hmac md5 " + jefe + " hex", "750c783e6ab0b503eaa86e310a5db738"},
        {message + " | _hmac sha512 " + jefe + " | _base64",
         "Fkt6e/z4GeLjlfvnO1bgo4e9ZCIugx/WECcM1+olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcKOLznNw=="},
        {"printf 'Test Using Larger Than Block-Size Key - Hash Key First' | _hmac sha256 $(printf '%0262d' 0 "
         "| tr 0 a) "
         "hex",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"printf 'a\\000b' | _hex_dump", " 61 00 62"},
        {"printf '6100ff' | _h2b | _base64", "YQD/"},
        {"printf 'YQ==' | _dbase64", "a"},
        {"printf '{\\n  \"a\" : \"b\",\\n  \"n\": 1\\n}' | _normalizeJson", "{\"a\":\"b\",\"n\": 1}"},
        {"printf 'a\"b\\\\c\\nd' | _json_encode", "a\\\"b\\\\c\\nd"},
        {"printf 'a\\\\\"b\\\\/c' | _json_decode", "a\"b/c"},
        {"_math 3 '*' 4 - 1", "11"},
        {"_getfield a,b,c 2", "b"},
        {"_getfield a.b.c 3 .", "c"},
        {"_contains abc 'b.' && echo yes", "yes"},
        {"_contains abc x || echo no", "no"},
        {"_contains '-n' '-n' && echo yes", "yes"},
        {"_startswith abc ab && echo yes", "yes"},
        {"_startswith abc bc || echo no", "no"},
        {"_endswith abc bc && echo yes", "yes"},
        {"echo '\"id\":12,\"id\":13' | _egrep_o '\"id\":[0-9]+' | _tail_n 1", "\"id\":13"},
        {"echo aBc | _upper_case", "ABC"},
        {"echo aBc | _lower_case", "abc"},
        {"_exists sh && echo yes", "yes"},
        {"_exists evercert-no-such-program || echo no", "no"},
        {"_date2time 2026-01-01T00:00:00Z", "1767225600"},
        {"_utc_date | grep -c '^20[0-9-]* [0-9:]*$'", "1"},
        {"printf 'a+/=' | _url_replace", "a-_"},
        {"printf 'YQ' | _durl_replace_base64", "YQ=="},
        {"_info key value", "key='value'"},
        {"_debug quiet; _secure_debug quiet x", ""},
        {"DEBUG=2; _secure_debug2 name hunter2 2>&1", "name='[hidden]'"},
        {"DEBUG=2; _secure_debug2 hunter2 2>&1; _debug2 said 2>&1", "[hidden]\nsaid"},
        {"f=$(_mktemp); [ -f \"$f\" ] && echo yes", "yes"},
        {"_isIPv4 192.0.2.1 && _isIPv6 2001:db8::1 && ! _isIPv4 a.example && echo yes", "yes"},
        {"_digest sha3 </dev/null 2>&1", "the digest 'sha3' is not known here"},
    };
    for (const std::string first : {"#!/usr/bin/env sh", "#!/usr/bin/env bash"}) {
        std::string body;
        std::string expected;
        for (const auto& each : rows) {
            body += "{ " + each.command + "; } >>" + (folder / "out") + "; echo >>" + (folder / "out") + "\n";
            // One more line end where the helper itself ends its line.
            expected += each.output + "\n";
        }
        folder.write("out", "");
        said(body + "return 1", first);
        std::string got = contents("out");
        for (auto at = got.find("\n\n"); at != got.npos; at = got.find("\n\n", at)) {
            got.erase(at, 1);
        }
        for (auto at = expected.find("\n\n"); at != expected.npos; at = expected.find("\n\n", at)) {
            expected.erase(at, 1);
        }
        CHECK(got == expected);
    }
}

TEST_CASE_METHOD(acme_hooks, "A script written for bash gets bash", "[dns01exec]") {
    const std::string body = "_err \"${BASH_VERSION:+bash}\"; return 1";
    CHECK(said(body, "#!/bin/bash") == "bash");
    CHECK(said(body, "#!/usr/bin/env sh").empty());
}

TEST_CASE_METHOD(acme_hooks, "Scripts that are none, and functions that are missing", "[dns01exec]") {
    settings.program = {folder.write("dns_half.sh", "dns_half_add() { return 0; }\n")};
    make(settings);
    succeed({add(txt("a.example", "v")), remove(txt("a.example", "v"))}); // the rm function is optional
    settings.program = {folder.write("dns_other.sh", "dns_half_add() { return 0; }\n")};
    make(settings);
    auto none = add(txt("a.example", "v"));
    wait({none});
    CHECK(none->why().foreign.find("has no function dns_other_add") != std::string::npos);
    settings.program = {folder.write("dns_broken.sh", "dns_broken_add() { if\n")};
    make(settings);
    auto broken = add(txt("a.example", "v"));
    wait({broken});
    CHECK(broken->why().code == errc::refused);
}

TEST_CASE_METHOD(acme_hooks, "No credential is in the arguments of any program, nor left in files",
                 "[dns01exec]") {
    dns_api_server server(loop, "cred-7781");
    const std::string tmp = folder / "tmp";
    std::filesystem::create_directory(tmp);
    settings.environment_files = {folder.write("env", "FAKE_Token=cred-7781\nFAKE_Api=" + server.url() +
                                                          "\nTMPDIR=" + tmp + "\nPATH=" + (folder / "bin") +
                                                          ":/usr/bin:/bin\n")};
    std::filesystem::create_directory(folder / "bin");
    for (const char* name :
         {"curl", "grep", "sed", "awk", "sha256sum", "base64", "cut", "tr", "od", "mktemp"}) {
        script(std::string("bin/") + name, "#!/bin/sh\nprintf '%s\\n' \"" + std::string(name) + " $*\" >>'" +
                                               (folder / "argv") + "'\nexec /usr/bin/" + name + " \"$@\"\n");
    }
    make(settings);
    succeed({add(txt("example.com", "v1"))});
    CHECK(server.records.size() == 1);
    const std::string seen = contents("argv");
    CHECK(seen.find("curl -q --config -") != std::string::npos);
    CHECK(seen.find("cred-7781") == std::string::npos);
    CHECK(std::filesystem::is_empty(tmp));
}
