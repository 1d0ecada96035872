#include "core/net/tls_context.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <fstream>
#include <utility>

namespace evercert::net {

namespace {

constexpr std::streamsize max_trust_file = 4 * 1024 * 1024;

int record_index() {
    // Asio keeps its own things under index 0.
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

peer_record* record_of(const SSL* ssl) {
    return static_cast<peer_record*>(SSL_get_ex_data(ssl, record_index()));
}

int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* record = record_of(ssl);
    if (record == nullptr || !record->sessions) {
        return 0;
    }
    record->sessions->put(session);
    return 1;
}

std::string one_line(const X509_NAME* name) {
    std::string out(256, '\0');
    X509_NAME_oneline(name, out.data(), static_cast<int>(out.size()));
    out.resize(std::char_traits<char>::length(out.c_str()));
    return out;
}

std::string names_of(X509* leaf) {
    std::string out;
    auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(list) && out.size() < 300; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
        if (name->type != GEN_DNS) {
            continue;
        }
        const auto* text = ASN1_STRING_get0_data(name->d.dNSName);
        const auto length = std::min(ASN1_STRING_length(name->d.dNSName), 100);
        out += out.empty() ? "" : ", ";
        out.append(text, text + length);
    }
    GENERAL_NAMES_free(list);
    return out.empty() ? one_line(X509_get_subject_name(leaf)) : out;
}

int on_verify(int ok, X509_STORE_CTX* context) {
    const auto* ssl =
        static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* record = ssl != nullptr ? record_of(ssl) : nullptr;
    if (ok == 0 && record != nullptr && record->error == 0) {
        record->error = X509_STORE_CTX_get_error(context);
        if (X509* leaf = X509_STORE_CTX_get0_cert(context); leaf != nullptr) {
            record->subject = "certificate for " + names_of(leaf);
        }
        if (const X509* at = X509_STORE_CTX_get_current_cert(context); at != nullptr) {
            record->subject += ", issuer " + one_line(X509_get_issuer_name(at));
        }
    }
    return ok;
}

result<std::string> read_trust(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(static_cast<std::size_t>(max_trust_file) + 1);
        file.read(text.data(), max_trust_file + 1);
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad()) {
        return fail(system_error(errno != 0 ? errno : EIO, "cannot read the trust file " + path));
    }
    if (text.size() > static_cast<std::size_t>(max_trust_file)) {
        return fail(errc::too_large, "the trust file " + path + " is larger than 4 MiB");
    }
    return text;
}

result<void> add_trust(X509_STORE* store, const std::string& path) {
    auto text = read_trust(path);
    if (!text) {
        return fail(std::move(text.error()));
    }
    BIO* bio = BIO_new_mem_buf(text->data(), static_cast<int>(text->size()));
    int count = 0;
    while (X509* root = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
        count += X509_STORE_add_cert(store, root);
        X509_free(root);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (count == 0) {
        return fail(errc::invalid_argument,
                    "the trust file " + path +
                        " holds no certificate: put the root of the CA into it, in PEM");
    }
    if (!at_end) {
        return fail(
            errc::invalid_argument,
            fmt::format("the trust file {} is damaged after certificate {}: write it anew", path, count));
    }
    return {};
}

/// Reads the system's roots when the first issuer is looked for that `trust` does not hold: OpenSSL 3 takes
/// longer for them than for a thousand requests, and a private CA needs none of them.
int find_issuer(X509** issuer, X509_STORE_CTX* context, X509* subject) {
    X509_STORE* store = X509_STORE_CTX_get0_store(context);
    const bool all_read = X509_STORE_get_get_issuer(store) != &find_issuer;
    const int found = X509_STORE_CTX_get1_issuer(issuer, context, subject);
    // One that has expired may have a namesake among the system's.
    const bool good = found > 0 && X509_cmp_current_time(X509_get0_notAfter(*issuer)) > 0;
    if (all_read || good || found < 0) {
        return found;
    }
    if (found > 0) {
        X509_free(std::exchange(*issuer, nullptr));
    }
    X509_STORE_set_get_issuer(store, &X509_STORE_CTX_get1_issuer);
    // That there are none is no failure yet, and none of the handshake that is under way.
    ERR_set_mark();
    X509_STORE_set_default_paths(store);
    ERR_pop_to_mark();
    return X509_STORE_CTX_get1_issuer(issuer, context, subject);
}

} // namespace

result<std::shared_ptr<asio::ssl::context>> make_client_context(const std::string& trust) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX* raw = context->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    X509_STORE_set_get_issuer(SSL_CTX_get_cert_store(raw), &find_issuer);
    if (!trust.empty()) {
        if (auto added = add_trust(SSL_CTX_get_cert_store(raw), trust); !added) {
            return fail(std::move(added.error()));
        }
    }
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, &on_new_session);
    static constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(raw, protocols, sizeof protocols);
    return context;
}

session_slot::~session_slot() {
    SSL_SESSION_free(session_);
}

void session_slot::put(SSL_SESSION* owned) noexcept {
    SSL_SESSION_free(session_);
    session_ = owned;
}

void prepare_handshake(SSL* ssl, const std::string& host, peer_record& record) {
    SSL_set_ex_data(ssl, record_index(), &record);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, &on_verify);
    boost::system::error_code not_address;
    asio::ip::make_address(host, not_address);
    if (!not_address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else {
        // The macro for this is an old-style cast.
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl, host.c_str());
    }
    if (record.sessions && record.sessions->get() != nullptr) {
        SSL_set_session(ssl, record.sessions->get());
    }
}

error handshake_error(const std::string& host, const boost::system::error_code& ec,
                      const peer_record& record) {
    if (record.error != 0) {
        std::string mend;
        switch (record.error) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            mend = "; for a private CA name the file with its root in `trust`";
            break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            mend = "; check the URL, and that no other server answers at that address";
            break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
        case X509_V_ERR_CERT_HAS_EXPIRED:
            mend = "; check the clock of this host";
            break;
        default:
            break;
        }
        return {errc::tls,
                "the TLS certificate of " + host +
                    " is not accepted: " + X509_verify_cert_error_string(record.error) + mend,
                record.subject};
    }
    if (ec.category() == asio::error::get_ssl_category()) {
        return {errc::tls, "the TLS handshake with " + host + " failed: " + ec.message()};
    }
    return {errc::network, "the connection to " + host + " broke during the TLS handshake: " + ec.message()};
}

} // namespace evercert::net
