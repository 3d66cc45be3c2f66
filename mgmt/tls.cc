#include "mgmt/tls.h"

#include <fstream>
#include <iterator>
#include <system_error>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace stillwater::mgmt {
namespace {

struct Pems {
  std::string ca, cert, key;
};

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

Result<std::string> content(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty()) return fail(Errc::invalid_argument, "cannot read " + path);
  return text;
}

Result<Pems> load(const TlsFiles& files) {
  if (const Status ok = check(files); !ok) return tl::unexpected(ok.error());
  Pems pems;
  for (const auto& [path, pem] :
       {std::pair{&files.ca, &pems.ca}, {&files.cert, &pems.cert}, {&files.key, &pems.key}}) {
    auto text = content(*path);
    if (!text) return tl::unexpected(text.error());
    *pem = std::move(*text);
  }
  return pems;
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const TlsFiles& files) {
  return load(files).map([](const Pems& pems) {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = pems.ca;
    options.pem_key_cert_pairs.push_back({pems.key, pems.cert});
    return grpc::SslServerCredentials(options);
  });
}

Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const TlsFiles& files) {
  return load(files).map([](const Pems& pems) {
    return grpc::SslCredentials({pems.ca, pems.key, pems.cert});
  });
}

}  // namespace stillwater::mgmt
