// What this node shows and accepts on channels secured by TLS 1.3 (RFC 8446): certificates bound to node
// names.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "appliance/replication/channel.h"

namespace stillwater::appliance {

// Files in PEM. A certificate names its node in a subjectAltName: URI:stillwater:node:NAME.
struct TlsIdentity {
  std::string ca;
  std::string certificate;
  std::string key;
  std::string node;  // this one's name
  std::string peer;  // the other's
};

// Reads the files anew whenever one of them has changed since; connections that stand keep what they began
// with, and files that are wrong leave what was read before in use. One thread.
class TlsContext final : public ChannelMaker {
 public:
  // `on_stale`: told, once for each change, why files that have changed are not in use.
  // Errors: invalid_argument, naming the file and what is wrong with it.
  using OnStale = std::function<void(const std::string& why)>;
  [[nodiscard]] static Result<std::unique_ptr<TlsContext>> create(TlsIdentity identity, OnStale on_stale);

  [[nodiscard]] Result<std::unique_ptr<Channel>> make(UniqueFd fd, bool dialled) override;

 private:
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Loaded = std::unique_ptr<SSL_CTX, FreeContext>;
  using Times = std::array<std::filesystem::file_time_type, 3>;

  TlsContext(TlsIdentity identity, OnStale on_stale)
      : identity_(std::move(identity)), on_stale_(std::move(on_stale)) {}
  [[nodiscard]] Result<Loaded> load() const;
  [[nodiscard]] Times changed_at() const;
  void load_if_changed();

  const TlsIdentity identity_;
  const OnStale on_stale_;
  Loaded context_;
  Times loaded_;
};

}  // namespace stillwater::appliance
