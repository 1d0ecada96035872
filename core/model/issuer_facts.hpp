#pragma once
// What an issuer says of itself and of our account there, as far as records in the DNS depend on it.
#include <string>
#include <vector>

namespace evercert {

/// All but `issuer`, `thumbprint` and `trouble` is foreign text.
struct issuer_facts {
    std::string issuer;                      ///< its name in the configuration
    std::string account_url;                 ///< empty: there is no account yet
    std::string thumbprint;                  ///< of the account's key (RFC 7638); empty likewise
    std::vector<std::string> caa_identities; ///< meta.caaIdentities of its directory (RFC 8555 section 7.1.1)
    std::string account_hash_prefix; ///< dns-persist-01 from draft 02 on; empty: account URLs as they are
    /// What dns-persist-01 records call it: meta.issuerDomainNames (draft 02), or the same as caa_identities.
    std::vector<std::string> issuer_domains;
    /// Why the above is not complete (the CA does not answer, it does not take us): to be shown as it is.
    /// Empty when all is known.
    std::string trouble;
};

} // namespace evercert
