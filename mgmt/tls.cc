#include "mgmt/tls.h"

#include <system_error>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace stillwater::mgmt {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

tl::unexpected<Error> unusable(const std::string& file, const std::string& as) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* known = ERR_reason_error_string(error);
  std::string reason = known == nullptr ? "for no reason that OpenSSL names" : known;
  if (ERR_SYSTEM_ERROR(error)) reason = std::generic_category().message(ERR_GET_REASON(error));
  return fail(Errc::invalid_argument, file + " cannot be used as " + as + ": " + reason);
}

// gRPC says of a wrong file only that the handshake, or the listening, failed. OpenSSL knows which it is.
Status check(const TlsFiles& files) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  if (!context) return fail(Errc::io, "OpenSSL cannot be used");
  if (SSL_CTX_load_verify_file(context.get(), files.ca.c_str()) != 1)
    return unusable(files.ca, "the certificate of the authority");
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.cert.c_str()) != 1)
    return unusable(files.cert, "the certificate");
  // A key with a passphrase must not make a daemon ask a terminal for it.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable(files.key, "the key of " + files.cert);
  return {};
}

// gRPC offers no way to ask for a lowest version. OpenSSL's own configuration does (config(5), ssl_conf), and
// gRPC adds to it only. Process-wide, as is everything that OpenSSL calls its system default.
constexpr char kOnlyTls13[] =
    "stillwater = modules\n"
    "[modules]\n"
    "ssl_conf = ssl\n"
    "[ssl]\n"
    "system_default = tls\n"
    "[tls]\n"
    "Protocol = -ALL, TLSv1.3\n";

bool set_only_tls_1_3() {
  OPENSSL_init_ssl(0, nullptr);  // the system's configuration first, or it would come later and win
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_mem_buf(kOnlyTls13, -1), &BIO_free);
  const std::unique_ptr<CONF, decltype(&NCONF_free)> configuration(NCONF_new(nullptr), &NCONF_free);
  return text && configuration && NCONF_load_bio(configuration.get(), text.get(), nullptr) == 1 &&
         CONF_modules_load(configuration.get(), "stillwater", 0) == 1;
}

Status ready(const TlsFiles& files) {
  static const bool only_tls_1_3 = set_only_tls_1_3();
  if (!only_tls_1_3) return fail(Errc::io, "OpenSSL cannot be told to speak TLS 1.3 only");
  return check(files);
}

std::shared_ptr<FileWatcherCertificateProvider> watcher(const TlsFiles& files) {
  constexpr unsigned kLookEveryS = 1;
  return std::make_shared<FileWatcherCertificateProvider>(files.key, files.cert, files.ca, kLookEveryS);
}

tl::unexpected<Error> unprotected(const std::string& address) {
  return fail(
      Errc::failed_precondition,
      address +
          " needs TLS: give the authority's certificate, one's own and its key; or say tls none where "
          "the network itself is trusted");
}

// Whether TLS is wanted there.
Result<bool> wants_tls(const std::string& address, const Protection& protection) {
  const auto parsed = parse_address(address);
  if (!parsed) return tl::unexpected(parsed.error());
  if (std::holds_alternative<UnixAddress>(*parsed) || protection.tls == Tls::none) return false;
  if (!protection.files) return unprotected(address);
  return true;
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const TlsFiles& files) {
  if (const Status ok = ready(files); !ok) return tl::unexpected(ok.error());
  grpc::experimental::TlsServerCredentialsOptions options(watcher(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const TlsFiles& files) {
  if (const Status ok = ready(files); !ok) return tl::unexpected(ok.error());
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(watcher(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

Result<std::shared_ptr<grpc::ServerCredentials>> server_protection(const std::string& address,
                                                                   const Protection& protection) {
  return wants_tls(address, protection)
      .and_then([&](bool wanted) -> Result<std::shared_ptr<grpc::ServerCredentials>> {
        if (!wanted) return nullptr;
        return server_credentials(*protection.files);
      });
}

Result<std::shared_ptr<grpc::ChannelCredentials>> channel_protection(const std::string& address,
                                                                     const Protection& protection) {
  return wants_tls(address, protection)
      .and_then([&](bool wanted) -> Result<std::shared_ptr<grpc::ChannelCredentials>> {
        if (!wanted) return grpc::InsecureChannelCredentials();
        return channel_credentials(*protection.files);
      });
}

}  // namespace stillwater::mgmt
