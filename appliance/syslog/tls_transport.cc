// A collector over TLS. It is no node of a pair and its certificate names none: it is known by its host name
// or address, as any server.
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "appliance/replication/socket.h"
#include "appliance/syslog/transport.h"

namespace stillwater::appliance::syslog {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Ssl = std::unique_ptr<SSL, Free>;

std::string last_words() {
  const unsigned long code = ERR_peek_last_error();
  const char* words = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return words == nullptr ? "" : std::string(" (") + words + ")";
}

tl::unexpected<Error> wrong_file(const char* key, const std::string& file, const char* what) {
  return fail(Errc::invalid_argument,
              std::string("syslog collector's ") + key + " '" + file + "': " + what + last_words());
}

Result<Context> load(const CollectorConfig& collector) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(Errc::resource_exhausted, "OpenSSL has no memory for a TLS context");
  SSL_CTX* const c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_load_verify_locations(c, collector.tls_ca.c_str(), nullptr) != 1)
    return wrong_file("tls_ca", collector.tls_ca, "no readable certificate of an authority");
  if (collector.tls_certificate.empty()) return context;
  if (SSL_CTX_use_certificate_chain_file(c, collector.tls_certificate.c_str()) != 1)
    return wrong_file("tls_certificate", collector.tls_certificate, "no readable certificate");
  if (SSL_CTX_use_PrivateKey_file(c, collector.tls_key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong_file("tls_key", collector.tls_key,
                      "no readable private key, or not that of the certificate");
  return context;
}

// Whom the certificate must be for.
bool expect_name(SSL* ssl, const CollectorConfig& collector) {
  if (collector.tls_name.empty())
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), collector.address.address.c_str()) == 1;
  std::string name = collector.tls_name;  // OpenSSL copies it, and asks for no const
  return SSL_set1_host(ssl, name.c_str()) == 1 &&
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(UniqueFd fd, Ssl ssl) : fd_(std::move(fd)), ssl_(std::move(ssl)) {}
  ~TlsTransport() override {
    ERR_clear_error();
    if (secured_ && !failed_) SSL_shutdown(ssl_.get());
  }

  Result<bool> advance() override {
    if (!connected_) {
      const auto dialled = is_dialled(fd_.get());
      if (!dialled || !*dialled) return dialled;
      connected_ = true;
    }
    return secured_ ? read_away() : secure();
  }
  Result<std::size_t> send_some(std::string_view bytes) override {
    ERR_clear_error();
    std::size_t sent = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1) return sent;
    return waiting(0).map([](bool) { return std::size_t{0}; });
  }
  int fd() const override { return fd_.get(); }
  short waits_for() const override { return waits_for_; }

 private:
  Result<bool> secure() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done != 1) return waiting(done);
    secured_ = true;
    waits_for_ = POLLOUT;
    return read_away();
  }
  // Session tickets, key updates, and the end. The handshake of TLS 1.3 is over for this side before the
  // collector has judged our certificate: its refusal comes here.
  Result<bool> read_away() {
    std::array<char, 4096> unasked;
    std::size_t got = 0;
    ERR_clear_error();
    while (SSL_read_ex(ssl_.get(), unasked.data(), unasked.size(), &got) == 1) {
    }
    const short before = waits_for_;
    return waiting(0).map([&](bool) {
      waits_for_ = before;
      return true;
    });
  }
  // False: OpenSSL waits for the socket, and this for what.
  Result<bool> waiting(int result) {
    const int system_error = errno;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      waits_for_ = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      return false;
    }
    failed_ = true;
    if (error == SSL_ERROR_ZERO_RETURN) return fail(Errc::unavailable, "the collector closed the connection");
    if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
      return fail(Errc::refused, std::string("the collector's certificate is not accepted: ") +
                                     X509_verify_cert_error_string(verdict));
    if (error == SSL_ERROR_SYSCALL && system_error != 0)
      return fail_errno("the connection to the collector is gone", system_error);
    return fail(Errc::unavailable, "the TLS connection to the collector ended" + last_words());
  }

  UniqueFd fd_;
  Ssl ssl_;  // before the socket is closed
  short waits_for_ = POLLOUT;
  bool connected_ = false, secured_ = false, failed_ = false;
};

}  // namespace

Result<std::unique_ptr<Transport>> tls_transport(const CollectorConfig& collector, UniqueFd fd) {
  auto context = load(collector);
  if (!context) return tl::unexpected(context.error());
  Ssl ssl(SSL_new(context->get()));  // keeps the context
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1 || !expect_name(ssl.get(), collector))
    return fail(Errc::invalid_argument, "no TLS connection can be prepared for the collector" + last_words());
  SSL_set_connect_state(ssl.get());
  return std::make_unique<TlsTransport>(std::move(fd), std::move(ssl));
}

}  // namespace stillwater::appliance::syslog
