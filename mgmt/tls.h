// Mutual TLS for gRPC, from files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

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

// They read the files now: a certificate that is renewed is used after a restart. invalid_argument names the
// file that is no such thing, or says that key and certificate do not belong together.
[[nodiscard]] Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const TlsFiles& files);
[[nodiscard]] Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const TlsFiles& files);

}  // namespace stillwater::mgmt
