#include "appliance/replication/tls_channel.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "appliance/replication/socket.h"
#include "base/node_uri.h"

namespace stillwater::appliance {
namespace {

constexpr char kSecretLabel[] = "EXPORTER-stillwater-heartbeats";

bool is_about_certificates(int reason) {
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<std::string> node_of(X509* certificate) {
  std::optional<std::string> node;
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  unsigned found = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri)));
    if (!text.starts_with(kNodeUri)) continue;
    node = text.substr(kNodeUri.size());
    ++found;
  }
  GENERAL_NAMES_free(names);
  if (found != 1 || node->empty() || node->find('\0') != std::string::npos) return std::nullopt;
  return node;
}

Result<std::unique_ptr<Channel>> TlsChannel::create(SSL_CTX& context, UniqueFd fd, bool dialled,
                                                    std::string peer) {
  SSL* ssl = SSL_new(&context);
  if (ssl == nullptr || SSL_set_fd(ssl, fd.get()) != 1) {
    SSL_free(ssl);
    return fail(Errc::resource_exhausted, "OpenSSL has no memory for a TLS connection");
  }
  dialled ? SSL_set_connect_state(ssl) : SSL_set_accept_state(ssl);
  std::unique_ptr<TlsChannel> channel(new TlsChannel(std::move(fd), ssl, std::move(peer)));
  channel->waits_for_ = dialled ? POLLOUT : POLLIN;
  return channel;
}

TlsChannel::~TlsChannel() {
  if (secured_ && !failed_) SSL_shutdown(ssl_);
  SSL_free(ssl_);
}

Result<bool> TlsChannel::secure() {
  if (secured_) return true;
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_);
  if (done != 1) {
    const int error = SSL_get_error(ssl_, done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      waits_for_ = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      return false;
    }
    return broken(error);
  }
  if (Status checked = check_peer(); !checked) return tl::unexpected(checked.error());
  secured_ = true;
  waits_for_ = POLLIN;
  return true;
}

Status TlsChannel::check_peer() {
  certified_ = node_of(SSL_get0_peer_certificate(ssl_));
  if (certified_ == peer_) return {};
  return fail(Errc::refused,
              "the peer's certificate is " +
                  (certified_ ? "for node '" + *certified_ + "'" : std::string("for no node")) +
                  "; expected '" + peer_ + "' (replication.peer_name)");
}

Status TlsChannel::send_all(std::span<const std::byte> bytes, const Clock& clock, Instant deadline) {
  if (!secured_ || failed_) return fail(Errc::unavailable, "the replication connection is not secured");
  while (!bytes.empty()) {
    ERR_clear_error();
    std::size_t sent = 0;
    if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent) == 1) {
      bytes = bytes.subspan(sent);
      continue;
    }
    const int error = SSL_get_error(ssl_, 0);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return broken(error);
    if (!wait_for(fd(), error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, clock, deadline))
      return does_not_read();
  }
  return {};
}

Result<std::size_t> TlsChannel::receive_some(std::span<std::byte> into) {
  ERR_clear_error();
  std::size_t got = 0;
  if (SSL_read_ex(ssl_, into.data(), into.size(), &got) == 1) {
    has_more_ = SSL_has_pending(ssl_) == 1;
    return got;
  }
  const int error = SSL_get_error(ssl_, 0);
  has_more_ = false;  // what may be left is a part of a record
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
  return broken(error);
}

std::optional<ConnectionSecret> TlsChannel::secret() const {
  ConnectionSecret secret;
  const bool exported =
      secured_ && SSL_export_keying_material(ssl_, secret.data(), secret.size(), kSecretLabel,
                                             sizeof(kSecretLabel) - 1, nullptr, 0, 0) == 1;
  return exported ? std::optional(secret) : std::nullopt;
}

std::string TlsChannel::protection() const {
  return std::string(SSL_get_version(ssl_)) + ", " + SSL_get_cipher_name(ssl_);
}

tl::unexpected<Error> TlsChannel::broken(int ssl_error) {
  const int system_error = errno;
  failed_ = true;
  if (ssl_error == SSL_ERROR_ZERO_RETURN)
    return fail(Errc::unavailable, "the peer closed the replication connection");
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  if (ssl_error == SSL_ERROR_SYSCALL && code == 0) {
    if (system_error == 0) return fail(Errc::unavailable, "the peer closed the replication connection");
    return fail(Errc::unavailable,
                std::string("the replication connection is gone: ") + std::strerror(system_error));
  }
  if (const long verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK)
    return fail(Errc::refused, std::string("the peer's certificate is not accepted: ") +
                                   X509_verify_cert_error_string(verdict) +
                                   " (expected one by the authority in replication.tls_ca)");
  const char* words = ERR_reason_error_string(code);
  const std::string text = words != nullptr ? words : "unknown error";
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return fail(Errc::unavailable, "the peer closed the replication connection");
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    return fail(Errc::refused, "the peer shows no certificate");
  if (is_about_certificates(reason))
    return fail(Errc::refused, "the peer does not accept this node's certificate: " + text);
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG)
    return fail(Errc::refused,
                "the peer does not speak TLS; check replication.tls on both nodes (" + text + ")");
  return fail(secured_ ? Errc::unavailable : Errc::refused, "TLS: " + text);
}

}  // namespace stillwater::appliance
