// Changes of routes as lines of text.
#pragma once

#include <istream>
#include <optional>

#include "base/result.h"
#include "stillwater/v1/stillwater.pb.h"

namespace stillwater::mgmt::cli {

// One change a line; what follows a # is passed over, as empty lines are:
//   10.9.0.0/16 via 10.80.2.2 10.80.2.3 track
//   2001:db8:9::/48 via fe80::1 port outside
//   10.10.0.0/16 blackhole
//   10.11.0.0/16 reject
//   remove 10.12.0.0/16
class RouteFile {
 public:
  // `text` outlives it.
  explicit RouteFile(std::istream& text) : text_(text) {}

  // The next change; nullopt at the end. Errors: invalid_argument, naming the line; io.
  [[nodiscard]] Result<std::optional<v1::RouteChange>> next();
  // Of the change that was read last; from 1 on.
  [[nodiscard]] std::uint64_t line() const { return line_; }

 private:
  std::istream& text_;
  std::uint64_t line_ = 0;
};

}  // namespace stillwater::mgmt::cli
