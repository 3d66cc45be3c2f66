// Why TLS with a server does not come about. gRPC says of most failures only that there was one.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "mgmt/tls.h"

namespace stillwater::mgmt::cli {

// Tries a handshake of its own with HOST:PORT, within `patience` (and a second for the connection), and says
// in a clause what is wrong, and with which file or certificate; nothing where nobody listens, or where it
// finds no fault. Sends nothing but the handshake. Without `files`: says so if TLS is spoken there.
[[nodiscard]] std::optional<std::string> tls_fault(const std::string& host_port,
                                                   const std::optional<TlsFiles>& files, Nanos patience);

}  // namespace stillwater::mgmt::cli
