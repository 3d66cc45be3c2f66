#include "mgmt/cli/tls_probe.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "mgmt/cli/certificate_fault.h"

namespace stillwater::mgmt::cli {
namespace {

using std::chrono::steady_clock;
using Fault = std::optional<std::string>;

constexpr int kConnectSeconds = 1;
constexpr std::array<unsigned char, 3> kHttp2 = {2, 'h', '2'};  // a gRPC server closes without it

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

std::string host_of(const std::string& host_port) {
  std::string host = host_port.substr(0, host_port.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return host;
}

// The files were read before, by channel_protection().
bool use(SSL_CTX* context, const TlsFiles& files) {
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_load_verify_file(context, files.ca.c_str()) == 1 &&
         SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
}

Session connect(SSL_CTX* context, const std::string& host_port) {
  BIO* connection = BIO_new_connect(host_port.c_str());
  if (connection == nullptr) return {nullptr, &SSL_free};
  if (BIO_do_connect_retry(connection, kConnectSeconds, 0) != 1) {
    BIO_free(connection);
    return {nullptr, &SSL_free};
  }
  Session session(SSL_new(context), &SSL_free);
  SSL_set_bio(session.get(), connection, connection);
  const std::string host = host_of(host_port);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str()) != 1)
    SSL_set1_host(session.get(), host.c_str());
  return session;
}

// Repeats `step` (SSL_connect, SSL_peek) until it is done or fails. Returns what SSL_get_error says of the
// end; SSL_ERROR_WANT_READ: out of time.
template <class Step>
int bounded(SSL* session, steady_clock::time_point end, Step step) {
  for (;;) {
    ERR_clear_error();
    const int error = SSL_get_error(session, step());
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return error;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    pollfd ready{SSL_get_fd(session), static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
      return SSL_ERROR_WANT_READ;
  }
}

std::string handshake_fault() {
  const unsigned long error = ERR_peek_last_error();
  switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return "it does not speak TLS; if it was told `tls: none`, use --tls none";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "it does not speak TLS 1.3";
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(error);
  return std::string("the TLS handshake failed: ") +
         (reason == nullptr ? "it closed the connection" : reason);
}

Fault fault_of_server(SSL* session, const std::string& host_port, const TlsFiles& files) {
  const long verified = SSL_get_verify_result(session);
  const std::unique_ptr<X509, decltype(&X509_free)> theirs(SSL_get1_peer_certificate(session), &X509_free);
  if (verified == X509_V_OK || !theirs) return std::nullopt;
  return "its certificate (" + subject_of(*theirs) + ") " +
         certificate_fault(verified, *theirs, files.ca, host_of(host_port));
}

// A server closes without a word when it does not take the client's certificate. So this judges it as the
// server would, by this side's authority.
std::string fault_of_client(SSL_CTX* context, const TlsFiles& files) {
  X509* own = SSL_CTX_get0_certificate(context);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  if (check && X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), own, chain) == 1 &&
      X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_CLIENT) == 1 &&
      X509_verify_cert(check.get()) != 1)
    return "it does not take " + files.cert + " (" + subject_of(*own) + "), which " +
           certificate_fault(X509_STORE_CTX_get_error(check.get()), *own, files.ca, "");
  return "it does not take " + files.cert + " (" + subject_of(*own) +
         "): the authority that it trusts did not sign it, or its clock is wrong";
}

Fault fault_of_session(SSL* session, SSL_CTX* context, const std::string& host_port, const TlsFiles& files,
                       steady_clock::time_point end) {
  const int shaken = bounded(session, end, [&] { return SSL_connect(session); });
  if (shaken == SSL_ERROR_WANT_READ) return "it does not answer the TLS handshake";
  if (shaken != SSL_ERROR_NONE) return handshake_fault();
  if (auto fault = fault_of_server(session, host_port, files)) return fault;
  // In TLS 1.3 the client is done before the server has judged its certificate: what comes next tells.
  char byte = 0;
  const int first = bounded(session, end, [&] { return SSL_peek(session, &byte, 1); });
  if (first == SSL_ERROR_NONE || first == SSL_ERROR_WANT_READ) return std::nullopt;
  return fault_of_client(context, files);
}

}  // namespace

Fault tls_fault(const std::string& host_port, const std::optional<TlsFiles>& files, Nanos patience) {
  const auto end = steady_clock::now() + patience;
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context || (files && !use(context.get(), *files))) return std::nullopt;
  // Nothing is refused here: the verdict is read afterwards, and the certificate with it.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kHttp2.data(), kHttp2.size());
  const Session session = connect(context.get(), host_port);
  if (!session) return std::nullopt;
  if (files) return fault_of_session(session.get(), context.get(), host_port, *files, end);
  if (bounded(session.get(), end, [&] { return SSL_connect(session.get()); }) != SSL_ERROR_NONE)
    return std::nullopt;
  return "it speaks TLS; give --tls-ca, --tls-cert and --tls-key in place of --tls none";
}

}  // namespace stillwater::mgmt::cli
