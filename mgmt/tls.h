// Mutual TLS for gRPC, from files: TLS 1.3 only, and what is in the files now, not what was at the start.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "mgmt/address.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace stillwater::mgmt {

// PEM files. Both ends present `cert` (with the chain up to the authority, where there is one in between),
// and accept who presents a certificate that `ca` signed. A client also wants the name or address that it
// called among the server's subjectAltNames.
struct TlsFiles {
  std::string ca;
  std::string cert;
  std::string key;  // of `cert`, without a passphrase
};

// The credentials look at the files once a second, from a thread of gRPC: a connection made later than that
// uses what they hold then; one that is open goes on as it is. Files that have become unreadable change
// nothing. Errors:
//  invalid_argument  names the file that is no such thing, or says that key and certificate do not belong
//                    together
//  io                OpenSSL cannot be used
// The first call makes TLS 1.3 the only version that this process speaks, with OpenSSL, to anybody.
[[nodiscard]] Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const TlsFiles& files);
[[nodiscard]] Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const TlsFiles& files);

// What an address, and what was said of its protection, come to.
struct Protection {
  Tls tls = Tls::required;          // of a TCP address
  std::optional<TlsFiles> files{};  // with a TCP address and Tls::required
};

// Null where plain text is right: a unix socket, or Tls::none. Errors, beside those above:
//  invalid_argument     the address is not one
//  failed_precondition  a TCP address without files, nor Tls::none
[[nodiscard]] Result<std::shared_ptr<grpc::ServerCredentials>> server_protection(
    const std::string& address, const Protection& protection);
// The same for a client; never null.
[[nodiscard]] Result<std::shared_ptr<grpc::ChannelCredentials>> channel_protection(
    const std::string& address, const Protection& protection);

}  // namespace stillwater::mgmt
