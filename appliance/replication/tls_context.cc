#include "appliance/replication/tls_context.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "appliance/replication/tls_channel.h"

namespace stillwater::appliance {
namespace {

// The fastest first: with AES in the processor these cost less than the copy into the socket.
constexpr const char* kCipherSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::size_t kReadBuffer = 128u << 10;

tl::unexpected<Error> wrong(const char* key, const std::string& file, const std::string& what) {
  std::string why = what;
  if (const unsigned long code = ERR_peek_last_error(); code != 0 && ERR_reason_error_string(code) != nullptr)
    why += std::string(" (") + ERR_reason_error_string(code) + ")";
  ERR_clear_error();
  return fail(Errc::invalid_argument, std::string("replication.") + key + " '" + file + "': " + why);
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(TlsIdentity identity, OnStale on_stale) {
  std::unique_ptr<TlsContext> made(new TlsContext(std::move(identity), std::move(on_stale)));
  made->loaded_ = made->changed_at();
  auto context = made->load();
  if (!context) return tl::unexpected(context.error());
  made->context_ = std::move(*context);
  return made;
}

Result<TlsContext::Loaded> TlsContext::load() const {
  ERR_clear_error();
  Loaded context(SSL_CTX_new(TLS_method()));
  if (!context) return fail(Errc::resource_exhausted, "OpenSSL has no memory for a TLS context");
  SSL_CTX* const c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(c, kCipherSuites);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(c, 0);  // each connection shows certificates
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_default_read_buffer_len(c, kReadBuffer);
  if (SSL_CTX_load_verify_locations(c, identity_.ca.c_str(), nullptr) != 1)
    return wrong("tls_ca", identity_.ca, "no readable certificate of an authority");
  if (SSL_CTX_use_certificate_chain_file(c, identity_.certificate.c_str()) != 1)
    return wrong("tls_certificate", identity_.certificate, "no readable certificate");
  if (SSL_CTX_use_PrivateKey_file(c, identity_.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("tls_key", identity_.key, "no readable private key, or not that of the certificate");
  X509* const own = SSL_CTX_get0_certificate(c);
  const auto name = node_of(own);
  if (name != identity_.node)
    return wrong("tls_certificate", identity_.certificate,
                 (name ? "is for node '" + *name + "'" : std::string("names no node")) +
                     "; expected URI:stillwater:node:" + identity_.node + " in its subjectAltName");
  if (X509_cmp_current_time(X509_get0_notAfter(own)) <= 0)
    return wrong("tls_certificate", identity_.certificate, "has expired");
  return context;
}

TlsContext::Times TlsContext::changed_at() const {
  Times times;
  std::error_code missing;  // then the file keeps an equal time until it is there
  times[0] = std::filesystem::last_write_time(identity_.ca, missing);
  times[1] = std::filesystem::last_write_time(identity_.certificate, missing);
  times[2] = std::filesystem::last_write_time(identity_.key, missing);
  return times;
}

void TlsContext::load_if_changed() {
  const Times now = changed_at();
  if (now == loaded_) return;
  loaded_ = now;
  auto context = load();
  if (context)
    context_ = std::move(*context);
  else
    on_stale_(context.error().message + "; what was read before stays in use");
}

Result<std::unique_ptr<Channel>> TlsContext::make(UniqueFd fd, bool dialled) {
  load_if_changed();
  return TlsChannel::create(*context_, std::move(fd), dialled, identity_.peer);
}

}  // namespace stillwater::appliance
