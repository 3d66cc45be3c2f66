// One connection to a collector. Nothing here waits: what a socket does not take now is left to the caller.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "appliance/config/config.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::appliance::syslog {

// One thread.
class Transport {
 public:
  virtual ~Transport() = default;

  // Goes on with connecting, and reads what the collector says, which nobody asked for. True: it may be sent
  // to; false: call again when `fd` is ready for `waits_for`. Errors: there is no connection (any more).
  [[nodiscard]] virtual Result<bool> advance() = 0;
  // How many bytes were taken; of a datagram all or none. Errors: there is no connection any more.
  [[nodiscard]] virtual Result<std::size_t> send_some(std::string_view bytes) = 0;

  // To wait for; -1: time alone.
  [[nodiscard]] virtual int fd() const = 0;
  // POLLIN or POLLOUT: what connecting, or the send that took nothing, waits for.
  [[nodiscard]] virtual short waits_for() const = 0;
};

// Begins to connect. A stream's messages are framed by counting octets (RFC 6587 section 3.4.1, RFC 5425
// section 4.3), a datagram is one message (RFC 5426). Errors: io; invalid_argument (a file of TLS).
[[nodiscard]] Result<std::unique_ptr<Transport>> connect_to(const CollectorConfig& collector);

// TLS 1.3 over a connection that `fd` begins. Reads the files anew. The collector's certificate must be of
// the authority in tls_ca, and be for tls_name, or without one for the very address (RFC 5425 section 5.2).
[[nodiscard]] Result<std::unique_ptr<Transport>> tls_transport(const CollectorConfig& collector, UniqueFd fd);

}  // namespace stillwater::appliance::syslog
