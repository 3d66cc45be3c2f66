// The one error type of the control path. Packet-path code does not use it: it counts a named drop reason.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace stillwater {

// What kind of failure it is, as far as a caller can act on it.
enum class Errc {
  invalid_argument,     // the input is wrong; the message says where and what was expected
  failed_precondition,  // right request, wrong moment (role, state); the message says what must hold first
  timed_out,            // a bounded wait ended
  refused,              // a peer or a check said no, for the reason in the message
  protocol,             // bytes on the wire are not what the format says
  resource_exhausted,   // a table, buffer or limit is full
  unavailable,          // the other side is not there
  io,                   // the operating system said no; the message carries its words
  corrupt,              // a checksum or a magic number does not match
};

[[nodiscard]] const char* name_of(Errc code);

struct Error {
  Errc code;
  std::string message;  // one sentence an operator can act on
};

// A value or an Error. Functions returning it are marked [[nodiscard]].
template <class T>
using Result = tl::expected<T, Error>;

// Success or an Error.
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// An io error whose message ends with the operating system's words for `error_number`.
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string what, int error_number);

}  // namespace stillwater
