#include "core/model/output.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;

namespace {

std::string names(output_format format, std::optional<key_type> further = std::nullopt) {
    std::string all;
    for (const output_file_name& file : files_of(format, "example", further)) {
        all += (all.empty() ? "" : " ") + file.name + (file.key ? "*" : "");
    }
    return all;
}

} // namespace

TEST_CASE("each format has its files") {
    CHECK(names(output_format::cert) == "cert.pem");
    CHECK(names(output_format::chain) == "chain.pem");
    CHECK(names(output_format::fullchain) == "fullchain.pem");
    CHECK(names(output_format::privkey) == "privkey.pem*");
    CHECK(names(output_format::combined) == "combined.pem*");
    CHECK(names(output_format::pkcs12) == "example.p12*");
    CHECK(names(output_format::der) == "cert.der privkey.der*");
    CHECK(names(output_format::fullchain, key_type::rsa_2048) == "fullchain.rsa-2048.pem");
    CHECK(names(output_format::pkcs12, key_type::ecdsa_p256) == "example.ecdsa-p256.p12*");
    CHECK(names(output_format::der, key_type::rsa_2048) == "cert.rsa-2048.der privkey.rsa-2048.der*");
}

TEST_CASE("formats have words, and know whether the key is in them") {
    for (const output_format format : all_output_formats()) {
        CHECK(parse_output_format(to_string(format)) == format);
        bool key = false;
        for (const output_file_name& file : files_of(format, "x", std::nullopt)) {
            key = key || file.key;
        }
        CHECK(holds_key(format) == key);
    }
    CHECK(all_output_formats().size() == 7);
    CHECK(!parse_output_format("pem"));
    CHECK(!parse_output_format(""));
}

TEST_CASE("an output's directory and modes are filled in") {
    certificate_output output;
    output.directory = "/etc/{name}/x/{name}";
    CHECK(directory_of(output, "a.example") == "/etc/a.example/x/a.example");
    CHECK(directory_of(output, "{name}") == "/etc/{name}/x/{name}");
    CHECK(mode_of(output, true) == 0600);
    CHECK(mode_of(output, false) == 0644);
    output.mode = 0440;
    CHECK(mode_of(output, true) == 0440);
    CHECK(mode_of(output, false) == 0440);
}
