#include "core/crypto/digest.hpp"
#include "core/dns/tsig.hpp"
#include "core/dns/update.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/core/dns/signing.hpp"

#include <ldns/ldns.h>

using namespace evercert;
using namespace evercert::dns;
using testing::bytes;
using testing::sign_answer;
using testing::tsig_says;

namespace {

constexpr std::uint64_t then = 1700000000;
const wall_time now{seconds(then)};
const char* const secret64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

tsig_key make_key(tsig_key::algorithm how = tsig_key::algorithm::hmac_sha256) {
    tsig_key key;
    key.name = "K.example.";
    key.how = how;
    for (char c = 0; c < 32; ++c) {
        key.secret.push_back(c);
    }
    return key;
}

std::string make_packet() {
    dns_update update("example.com");
    dns_update::text text;
    text.name = "_acme-challenge.example.com";
    text.value = "v";
    update.add.push_back(text);
    return make_update(update, 0x1234).value();
}

const std::string plain_answer = bytes("1234 a800 0001 0000 0000 0000 07 'example' 03 'com' 00 0006 0001");

result<void> check(const std::string& answer, const signed_packet& request, const tsig_key& key,
                   wall_time when = now) {
    const auto walked = walk_packet(answer);
    REQUIRE(walked.has_value());
    return check_signature(answer, *walked, request, key, when);
}

} // namespace

TEST_CASE("An update's bytes (RFC 2136)") {
    CHECK(crypto::hex(make_packet()) == "123428000001000000010000076578616d706c6503636f6d00000600010f5f61636d"
                                        "652d6368616c6c656e6765076578616d706c65"
                                        "03636f6d00001000010000003c00020176");
    dns_update update("a");
    dns_update::text text;
    text.name = "b.a";
    text.value = "old";
    update.remove.push_back(text);
    text.value = "new";
    update.add.push_back(text);
    CHECK(make_update(update, 1).value() == bytes("0001 2800 0001 0000 0002 0000 01 'a' 00 0006 0001"
                                                  "01 'b' 01 'a' 00 0010 00fe 00000000 0004 03 'old' 01 'b' "
                                                  "01 'a' 00 0010 0001 0000003c 0004 03 'new'"));
    update.add[0].value = std::string(255, 'x');
    CHECK(make_update(update, 1).has_value());
    update.add[0].value += "x";
    CHECK(make_update(update, 1).error().code == errc::invalid_argument);
    update.add[0].value = "";
    update.add[0].name = "b..a";
    CHECK(make_update(update, 1).error().code == errc::invalid_argument);
    CHECK_FALSE(make_update(dns_update("a..b"), 1));
}

TEST_CASE("Which bytes answer an update") {
    const std::string asked = bytes("1234 2800 0001 0000 0000 0000 01 'a' 00 0006 0001");
    CHECK(answers_update(asked, bytes("1234 a805 0001 0000 0000 0000 01 'A' 00 0006 0001")));
    CHECK(answers_update(asked, bytes("1234 a800 0000 0000 0000 0000")));
    for (const auto* other :
         {"1235 a800 0000 0000 0000 0000", "1234 8000 0000 0000 0000 0000", "1234 2800 0000 0000 0000 0000",
          "1234 a800 0001 0000 0000 0000 01 'b' 00 0006 0001", "1234 a800 0001 0000 0000 0000", "1234 a800",
          ""}) {
        INFO(other);
        CHECK_FALSE(answers_update(asked, bytes(other)));
    }
}

TEST_CASE("Signatures as computed elsewhere, in both directions") {
    struct row {
        tsig_key::algorithm how;
        std::string name, request, answer;
    };
    const std::vector<row> rows = {
        {tsig_key::algorithm::hmac_sha256, "hmac-sha256",
         "55530671e0adb4cd0375792fe0d5ec370fcf079566f35cf6a2ecd216290b470f",
         "64c313a4fbb2698400ba493a4b627f76db39587c7bdd5ddab457b93ed008f912"},
        {tsig_key::algorithm::hmac_sha384, "hmac-sha384",
         "1178b690084cd68210ec5b62e299a37fa9784a5f9919c00fac448b2cfd5973a3814d3af60f103512342f4ec30210858d",
         "a1a60e212a8fdc1fabac4dfbfe58ec1ec74a6c8737b95c037f810bfc57b447c4dc5d35d5f0f593ad99ca9b8be2f88076"},
        {tsig_key::algorithm::hmac_sha512, "hmac-sha512",
         "e2b706c75e1f227e35bfb61287c9aab49463526466505b23de75f2cfac806d4c3319e1ef72c9a824a60454d32a0f730883f"
         "25762ca0946"
         "aa170ba596d07d78c5",
         "3dabbaf58846f4509972b0a3e40bb98a9eb792e2eadbe4b1f2480fd027749f48c9464b700e4d407a473c09d7455079dc932"
         "79a2d2965cb"
         "bd62fc37f313cac1c2"},
    };
    for (const auto& r : rows) {
        INFO(r.name);
        const auto key = make_key(r.how);
        const auto request = sign_packet(make_packet(), key, now).value();
        CHECK(crypto::hex(request.mac) == r.request);
        CHECK(crypto::hex(request.bytes).find(r.request) != std::string::npos);
        CHECK(walk_packet(request.bytes).value().tsig.has_value());

        const std::string mac = bytes(r.answer);
        std::string data = *name_to_wire(r.name) + bytes("0000 6553f105 012c");
        put_u16(data, static_cast<unsigned>(mac.size()));
        data += mac + bytes("1234 0000 0000");
        std::string answer = plain_answer + bytes("01 'K' 07 'example' 00 00fa 00ff 00000000");
        put_u16(answer, static_cast<unsigned>(data.size()));
        answer += data;
        set_u16(answer, 10, 1);
        CHECK(check(answer, request, key).has_value());
        for (std::size_t i = 2; i < answer.size(); ++i) {
            std::string changed = answer;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            const auto walked = walk_packet(changed);
            if (walked) {
                CHECK_FALSE(check_signature(changed, *walked, request, key, now).has_value());
            }
        }
        auto other = make_key(r.how);
        other.secret[0] = 1;
        CHECK(check(answer, request, other).error().code == errc::protocol);
        auto another_request = request;
        another_request.mac[0] = static_cast<char>(another_request.mac[0] ^ 1);
        CHECK(check(answer, another_request, key).error().code == errc::protocol);
    }
}

TEST_CASE("What a server can say against a signature") {
    const auto key = make_key();
    const auto request = sign_packet(make_packet(), key, now).value();
    tsig_says good;
    good.time = then;
    CHECK(check(sign_answer(plain_answer, key.secret, request.mac, good), request, key).has_value());

    SECTION("nothing") {
        const auto e = check(testing::with_flags(plain_answer, 5), request, key).error();
        CHECK(e.code == errc::protocol);
        CHECK(e.message.find("REFUSED") != std::string::npos);
    }
    SECTION("BADKEY and BADSIG, which nobody can sign") {
        for (const unsigned code : {16U, 17U, 22U}) {
            auto says = good;
            says.error = code;
            says.mac = false;
            const auto e =
                check(sign_answer(testing::with_flags(plain_answer, 9), key.secret, request.mac, says),
                      request, key)
                    .error();
            CHECK(e.code == errc::refused);
            CHECK(e.message.find(code == 17   ? "BADKEY"
                                 : code == 16 ? "BADSIG"
                                              : "rcode 22") != std::string::npos);
            CHECK(e.text().find("K.example") != std::string::npos);
        }
    }
    SECTION("BADTIME, signed") {
        auto says = good;
        says.error = 18;
        says.other = bytes("0000 6553ff10"); // an hour later
        const auto answer = sign_answer(testing::with_flags(plain_answer, 9), key.secret, request.mac, says);
        const auto e = check(answer, request, key).error();
        CHECK(e.code == errc::out_of_time);
        CHECK(e.message.find("2023-11-14T22:13:20Z") != std::string::npos);
        CHECK(e.message.find("2023-11-14T23:13:20Z") != std::string::npos);
        CHECK(e.message.find("3600 s") != std::string::npos);
        says.mac = false;
        CHECK(check(sign_answer(plain_answer, key.secret, request.mac, says), request, key).error().code ==
              errc::protocol);
        says.mac = true;
        says.other = bytes("ffff ffffffff");
        CHECK(check(sign_answer(plain_answer, key.secret, request.mac, says), request, key).error().code ==
              errc::out_of_time);
    }
    SECTION("another time, key or algorithm") {
        const auto answer = sign_answer(plain_answer, key.secret, request.mac, good);
        CHECK(check(answer, request, key, now + seconds(300)).has_value());
        CHECK(check(answer, request, key, now - seconds(300)).has_value());
        CHECK(check(answer, request, key, now + seconds(301)).error().code == errc::out_of_time);
        CHECK(check(answer, request, key, now - seconds(301)).error().code == errc::out_of_time);
        auto says = good;
        says.key_name = "other.example";
        CHECK(check(sign_answer(plain_answer, key.secret, request.mac, says), request, key).error().code ==
              errc::protocol);
        says = good;
        says.algorithm = "hmac-md5.sig-alg.reg.int";
        CHECK(check(sign_answer(plain_answer, key.secret, request.mac, says), request, key).error().code ==
              errc::protocol);
        CHECK(check(answer, request, make_key(tsig_key::algorithm::hmac_sha512)).error().code ==
              errc::protocol);
    }
    SECTION("a record cut anywhere") {
        const auto answer = sign_answer(plain_answer, key.secret, request.mac, good);
        const auto walked = walk_packet(answer).value();
        for (std::size_t less = 1; less <= walked.tsig->length; ++less) {
            std::string cut = answer.substr(0, answer.size() - less);
            set_u16(cut, walked.tsig->data - 2, static_cast<unsigned>(walked.tsig->length - less));
            CHECK(check(cut, request, key).error().code == errc::protocol);
        }
    }
    SECTION("no error text has the secret") {
        auto says = good;
        says.error = 17;
        const auto e = check(sign_answer(plain_answer, "x", request.mac, says), request, key).error();
        CHECK(e.text().find(key.secret) == std::string::npos);
        CHECK(e.text().find(secret64) == std::string::npos);
    }
}

TEST_CASE("A key without a name or secret signs nothing") {
    auto key = make_key();
    key.secret.clear();
    CHECK(sign_packet(make_packet(), key, now).error().code == errc::invalid_argument);
    key = make_key();
    key.name = "";
    CHECK(sign_packet(make_packet(), key, now).error().code == errc::invalid_argument);
    key.name = "a..b";
    CHECK(sign_packet(make_packet(), key, now).error().code == errc::invalid_argument);
}

TEST_CASE("ldns accepts what we sign, and we what it signs") {
    struct row {
        tsig_key::algorithm how;
        const char* name;
    };
    // Not hmac-sha384, which ldns 1.8 does not know.
    for (const row& r : {row{tsig_key::algorithm::hmac_sha256, "hmac-sha256."},
                         row{tsig_key::algorithm::hmac_sha512, "hmac-sha512."}}) {
        INFO(r.name);
        const auto key = make_key(r.how);
        const auto request = sign_packet(make_packet(), key, now).value();
        const auto* wire = reinterpret_cast<const std::uint8_t*>(request.bytes.data());
        ldns_pkt* theirs = nullptr;
        REQUIRE(ldns_wire2pkt(&theirs, wire, request.bytes.size()) == LDNS_STATUS_OK);
        CHECK(ldns_pkt_tsig_verify(theirs, wire, request.bytes.size(), "k.example.", secret64, nullptr));
        CHECK_FALSE(ldns_pkt_tsig_verify(theirs, wire, request.bytes.size(), "k.example.", "AAAA", nullptr));
        ldns_pkt_free(theirs);

        ldns_pkt* answer = nullptr;
        REQUIRE(ldns_wire2pkt(&answer, reinterpret_cast<const std::uint8_t*>(plain_answer.data()),
                              plain_answer.size()) == LDNS_STATUS_OK);
        std::string mac;
        put_u16(mac, static_cast<unsigned>(request.mac.size()));
        mac += request.mac;
        ldns_rdf* mac_rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, mac.size(), mac.data());
        REQUIRE(ldns_pkt_tsig_sign(answer, "k.example.", secret64, 300, r.name, mac_rdf) == LDNS_STATUS_OK);
        ldns_rdf_deep_free(mac_rdf);
        std::uint8_t* out = nullptr;
        std::size_t size = 0;
        REQUIRE(ldns_pkt2wire(&out, answer, &size) == LDNS_STATUS_OK);
        const std::string text(reinterpret_cast<const char*>(out), size);
        LDNS_FREE(out);
        ldns_pkt_free(answer);

        // It reads its own clock: we go by the time it wrote.
        const auto walked = walk_packet(text).value();
        wire_reader in(text, walked.tsig.value().data);
        (void)in.name();
        (void)in.u16();
        const wall_time when{seconds(in.u32())};
        CHECK(check_signature(text, walked, request, key, when).has_value());
        CHECK_FALSE(check_signature(text, walked, request, key, when + seconds(400)).has_value());
    }
}
