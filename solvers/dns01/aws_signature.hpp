#pragma once
// AWS Signature Version 4 in the Authorization header (AWS IAM User Guide, "Create a signed AWS API
// request").
#include "core/base/time.hpp"
#include "core/ports/http_client.hpp"
#include "solvers/dns01/aws_credentials.hpp"

#include <string_view>

namespace evercert::solvers {

struct aws_scope {
    std::string region;
    std::string service;

    aws_scope(std::string r, std::string s) : region(std::move(r)), service(std::move(s)) {}
};

/// Adds X-Amz-Date, X-Amz-Security-Token if there is one, and Authorization. Signed are the host as our
/// client sends it, the body and all headers that are there but Accept and User-Agent. The path must be in
/// its normal form, with nothing in it to be escaped. errc::invalid_argument for a URL that is none.
result<void> sign_aws(http_request& request, const aws_credentials& by, const aws_scope& scope,
                      wall_time now);

} // namespace evercert::solvers
