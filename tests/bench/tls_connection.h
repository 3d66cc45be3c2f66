// The product's own TLS channel as a connection of the replication benchmark.
#pragma once

#include <memory>
#include <string>

#include "appliance/replication/tls_context.h"
#include "tests/bench/replication_peer.h"

namespace stillwater::bench {

// An authority and two nodes' certificates, in a folder that goes with it.
class TlsFolder {
 public:
  TlsFolder();
  ~TlsFolder();
  TlsFolder(const TlsFolder&) = delete;
  TlsFolder& operator=(const TlsFolder&) = delete;

  // Connections of these nodes. This object outlives what it makes them with.
  [[nodiscard]] Connect over_tls() const;

 private:
  std::string folder_;
  std::unique_ptr<appliance::TlsContext> dialler_, acceptor_;
};

}  // namespace stillwater::bench
