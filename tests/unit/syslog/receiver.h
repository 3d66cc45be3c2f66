// A collector of the tests' own on the loopback: by UDP, TCP or TLS. It reads when the test asks it to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "appliance/config/config.h"
#include "base/fd.h"
#include "mgmt/tls.h"

namespace stillwater::appliance::syslog::test {

class Receiver {
 public:
  // `files`: of the collector's certificate, for TLS. `port` 0: any that is free.
  explicit Receiver(SyslogTransport transport, std::optional<mgmt::TlsFiles> files = {},
                    std::uint16_t port = 0);
  ~Receiver();

  [[nodiscard]] Endpoint address() const { return {"127.0.0.1", port_}; }

  // Until `count` messages were read, of all connections, or 10 s have passed; those that were read.
  [[nodiscard]] const std::vector<std::string>& messages(std::size_t count);
  // Waits for a connection, and reads nothing of it.
  [[nodiscard]] bool accept();
  void hang_up();

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  // False: nothing came now.
  [[nodiscard]] bool read_some();
  [[nodiscard]] bool wait(int fd, int timeout_ms) const;
  [[nodiscard]] long receive(char* into, std::size_t bytes);
  void split();

  const SyslogTransport transport_;
  std::unique_ptr<SSL_CTX, Free> context_;
  UniqueFd socket_;      // that listens, or of datagrams
  UniqueFd connection_;  // of a stream
  std::unique_ptr<SSL, Free> ssl_;
  std::uint16_t port_ = 0;
  std::string stream_;
  std::vector<std::string> messages_;
};

}  // namespace stillwater::appliance::syslog::test
