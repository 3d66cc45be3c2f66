// One TLS connection over a non-blocking socket.
#pragma once

#include <openssl/ssl.h>

#include "appliance/replication/channel.h"

namespace stillwater::appliance {

// The node that a certificate names (URI:stillwater:node:NAME); nothing if it names none, or several.
[[nodiscard]] std::optional<std::string> node_of(X509* certificate);

// The process ignores SIGPIPE: OpenSSL writes to sockets that may be closed.
class TlsChannel final : public Channel {
 public:
  // `peer`: the node that the other end's certificate must name. The channel keeps `context` alive.
  [[nodiscard]] static Result<std::unique_ptr<Channel>> create(SSL_CTX& context, UniqueFd fd, bool dialled,
                                                               std::string peer);
  ~TlsChannel() override;

  Result<bool> secure() override;
  short waits_for() const override { return waits_for_; }
  Status send_all(std::span<const std::byte> bytes, const Clock& clock, Instant deadline) override;
  Result<std::size_t> receive_some(std::span<std::byte> into) override;
  bool has_more() const override { return secured_ && has_more_; }
  std::optional<std::string> certified_node() const override { return certified_; }
  std::optional<ConnectionSecret> secret() const override;
  std::string protection() const override;

 private:
  TlsChannel(UniqueFd fd, SSL* ssl, std::string peer)
      : Channel(std::move(fd)), ssl_(ssl), peer_(std::move(peer)) {}
  [[nodiscard]] Status check_peer();
  // Errc::unavailable, or refused where a certificate is the reason.
  [[nodiscard]] tl::unexpected<Error> broken(int ssl_error);

  SSL* ssl_;
  const std::string peer_;
  std::optional<std::string> certified_;
  short waits_for_;
  bool secured_ = false;
  bool failed_ = false;  // no word of ours goes out any more
  bool has_more_ = true;
};

}  // namespace stillwater::appliance
