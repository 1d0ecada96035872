#include "core/crypto/digest.hpp"
#include "solvers/dns01/aws_signature.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;

namespace {

const wall_time example_time = parse_rfc3339("2015-08-30T12:36:00Z").value();

aws_credentials example() {
    aws_credentials out;
    out.access_key_id = "AKIDEXAMPLE";
    out.secret_access_key = crypto::secret(std::string("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    return out;
}

std::string header(const http_request& request, std::string_view wanted) {
    for (const auto& [name, value] : request.headers) {
        if (name == wanted) {
            return value;
        }
    }
    return {};
}

} // namespace

TEST_CASE("the Signature Version 4 test suite of AWS, as far as it concerns us") {
    struct row {
        std::string method;
        std::string url;
        std::vector<http_header> headers;
        std::string body;
        std::string service;
        std::string names;
        std::string signature;
    };
    const std::string host = "https://example.amazonaws.com";
    const std::vector<row> rows{
        {"GET",
         host,
         {},
         "",
         "service",
         "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}, // get-vanilla
        {"POST",
         host,
         {},
         "",
         "service",
         "host;x-amz-date",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"}, // post-vanilla
        {"GET",
         host + "/?Param2=value2&Param1=value1",
         {},
         "",
         "service",
         "host;x-amz-date",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"}, // get-vanilla-query-order-key-case
        {"POST",
         host + "/?Param1=value1",
         {},
         "",
         "service",
         "host;x-amz-date",
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"}, // post-vanilla-query
        {"GET",
         host,
         {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         "",
         "service",
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"}, // get-header-value-trim
        {"POST",
         host,
         {{"Content-Type", "application/x-www-form-urlencoded"}},
         "Param1=value1",
         "service",
         "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"}, // post-x-www-form-urlencoded
        {"GET",
         "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
         {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
          {"Accept", "x"},
          {"User-Agent", "y"}},
         "",
         "iam",
         "content-type;host;x-amz-date",
         "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"}, // the example of the IAM guide
    };
    for (const auto& each : rows) {
        CAPTURE(each.method, each.url);
        http_request request(each.method, each.url);
        request.headers = each.headers;
        request.body = each.body;
        REQUIRE(sign_aws(request, example(), aws_scope("us-east-1", each.service), example_time).has_value());
        CHECK(header(request, "X-Amz-Date") == "20150830T123600Z");
        CHECK(header(request, "Authorization") ==
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/" + each.service +
                  "/aws4_request, SignedHeaders=" + each.names + ", Signature=" + each.signature);
    }
}

TEST_CASE("a session token is sent and signed; the port belongs to the host") {
    auto by = example();
    by.session_token = crypto::secret(std::string("AQoDYXdzEPT"));
    http_request request("GET", "https://example.amazonaws.com:8443/");
    REQUIRE(sign_aws(request, by, aws_scope("us-east-1", "route53"), example_time).has_value());
    CHECK(header(request, "X-Amz-Security-Token") == "AQoDYXdzEPT");
    CHECK(header(request, "Authorization").find("SignedHeaders=host;x-amz-date;x-amz-security-token,") !=
          std::string::npos);
    http_request plain("GET", "https://example.amazonaws.com/");
    REQUIRE(sign_aws(plain, by, aws_scope("us-east-1", "route53"), example_time).has_value());
    CHECK(header(plain, "Authorization") != header(request, "Authorization"));
    http_request none("GET", "nonsense");
    CHECK_FALSE(sign_aws(none, by, aws_scope("us-east-1", "route53"), example_time).has_value());
}

TEST_CASE("a shared credentials file") {
    const std::string text =
        "# ours\n\n[default]\naws_access_key_id = AKIA1\r\naws_secret_access_key=abc/+=\n"
        "region = eu-west-1\n ; more\n[ dns ]\n  AWS_ACCESS_KEY_ID=AKIA2\n"
        "aws_secret_access_key = s2\naws_session_token = t2";
    auto found = parse_aws_credentials(text, "default");
    REQUIRE(found.has_value());
    CHECK(found->access_key_id == "AKIA1");
    CHECK(found->secret_access_key.view() == "abc/+=");
    CHECK(found->session_token.empty());
    found = parse_aws_credentials(text, "dns");
    REQUIRE(found.has_value());
    CHECK(found->access_key_id == "AKIA2");
    CHECK(found->secret_access_key.view() == "s2");
    CHECK(found->session_token.view() == "t2");
    CHECK(parse_aws_credentials(text, "none").error().code == errc::not_found);

    for (const std::string bad :
         {"[default\n", "[default]\nnonsense", "[default]\naws_access_key_id = x",
          "[default]\naws_secret_access_key = s3cr3t s3cr3t", "[default]\n", "[default]\n= x",
          "[default]\naws_secret_access_key =\naws_access_key_id=x"}) {
        CAPTURE(bad);
        const auto refused = parse_aws_credentials(bad, "default");
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == errc::parse);
        CHECK(refused.error().text().find("s3cr3t") == std::string::npos);
    }
    CHECK(parse_aws_credentials("", "default").error().code == errc::not_found);
}
