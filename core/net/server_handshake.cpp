#include "core/net/server_handshake.hpp"

#include "core/base/text.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <stdexcept>

namespace evercert::net {

namespace {

std::string take_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error(); // what stays would be blamed on another connection of this thread
    const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    return reason != nullptr ? reason : "no reason given";
}

/// Where the object of an SSL is found from within OpenSSL.
int own_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// Runs after OpenSSL has read the ClientHello by itself, before anything is shown: what was made of the
/// hello before must be what it says.
int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) {
    const auto* self = static_cast<const server_handshake*>(SSL_get_ex_data(ssl, own_index()));
    if (self == nullptr || !self->suits({reinterpret_cast<const char*>(in), in_size})) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = in + 1;
    *out_size = in[0];
    return SSL_TLSEXT_ERR_OK;
}

/// OpenSSL asks `choose_protocol` only about a hello that offers protocols, and goes on with one that does
/// not.
int want_protocols(SSL* ssl, int* alert, void*) {
    const unsigned char* offered = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &offered, &size) ==
        1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

} // namespace

void ssl_context_freed::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}
void ssl_freed::operator()(ssl_st* ssl) const noexcept {
    SSL_free(ssl);
}

ssl_context make_handshake_context() {
    ssl_context made(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* raw = made.get();
    if (raw == nullptr || SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(raw, 0) != 1) {
        throw std::runtime_error("preparing TLS failed in OpenSSL: " + take_reason());
    }
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_client_hello_cb(raw, &want_protocols, nullptr);
    SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
    return made;
}

server_handshake::server_handshake(ssl_ctx_st* context, const tls_identity& shown, std::string name,
                                   std::string protocol)
    : name_(std::move(name)), protocol_(std::move(protocol)), ssl_(SSL_new(context)) {
    SSL* ssl = ssl_.get();
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    if (ssl == nullptr || in == nullptr || out == nullptr) {
        BIO_free(in);
        BIO_free(out);
        return;
    }
    SSL_set_bio(ssl, in, out); // owns both
    SSL_set_accept_state(ssl);
    usable_ = SSL_set_ex_data(ssl, own_index(), this) == 1 &&
              SSL_use_certificate(ssl, shown.certificate.get()) == 1 &&
              SSL_use_PrivateKey(ssl, shown.key.get()) == 1;
    if (!usable_) {
        reason_ = take_reason();
    }
}

bool server_handshake::suits(std::string_view offered) const {
    const char* asked = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return asked != nullptr && equals_ignoring_case(asked, name_) && offered.size() == protocol_.size() + 1 &&
           static_cast<unsigned char>(offered[0]) == protocol_.size() && offered.ends_with(protocol_);
}

server_handshake::state server_handshake::feed(std::string_view bytes) {
    SSL* ssl = ssl_.get();
    if (!usable_) {
        return state::failed;
    }
    ERR_clear_error();
    if (!bytes.empty() && BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size())) <= 0) {
        reason_ = take_reason();
        return state::failed;
    }
    const int answer = SSL_do_handshake(ssl);
    if (answer == 1) {
        const unsigned char* chosen = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl, &chosen, &size);
        SSL_shutdown(ssl); // writes close_notify, and does not wait for the peer's
        ERR_clear_error();
        return size > 0 ? state::done : state::failed;
    }
    if (SSL_get_error(ssl, answer) == SSL_ERROR_WANT_READ) {
        return state::more;
    }
    reason_ = take_reason();
    return state::failed;
}

std::string server_handshake::take_output() {
    std::string out;
    if (ssl_ == nullptr) {
        return out;
    }
    BIO* from = SSL_get_wbio(ssl_.get());
    if (from != nullptr) {
        out.resize(BIO_ctrl_pending(from));
        const int got = out.empty() ? 0 : BIO_read(from, out.data(), static_cast<int>(out.size()));
        out.resize(static_cast<std::size_t>(std::max(got, 0)));
    }
    return out;
}

} // namespace evercert::net
