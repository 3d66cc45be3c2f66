// Where a node's management interface is, as an operator writes it.
#pragma once

#include <string>
#include <variant>

#include "base/result.h"

namespace stillwater::mgmt {

struct UnixAddress {
  std::string path;
};

struct TcpAddress {
  std::string host_port;  // as gRPC takes it: "10.0.0.1:7701", "[2001:db8::1]:7701"
};

using Address = std::variant<UnixAddress, TcpAddress>;

// How a TCP address is protected. A unix socket is protected by its mode and folder instead.
enum class Tls { required, none };

// Reads "unix:PATH" or "ADDRESS:PORT" (an IPv6 address in brackets). invalid_argument says what was expected.
[[nodiscard]] Result<Address> parse_address(const std::string& text);

}  // namespace stillwater::mgmt
