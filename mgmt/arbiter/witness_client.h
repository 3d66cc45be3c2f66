// The arbiter of a pair as a witness (mgmt/witness) at some address.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "mgmt/address.h"
#include "mgmt/arbiter/background_arbiter.h"
#include "mgmt/tls.h"

namespace stillwater::mgmt::arbiter {

struct WitnessClientOptions {
  std::string address;              // of the witness: unix:PATH or HOST:PORT
  std::string pair;                 // both nodes of a pair have the same name for it
  Nanos deadline = 500ms;           // of a request, connecting included
  Tls tls = Tls::required;          // of a TCP address
  std::optional<TlsFiles> files{};  // with a TCP address and Tls::required
};

// A request ends within its deadline and 100 ms, and within 100 ms when this object is destroyed. After one
// that got no answer the next goes over a new connection; while the witness is away, a request looks for it
// four times a second.
//
// `unanswered` is also what a witness says that refuses or fails (see arbiter.proto; the reason is in `why`),
// and an answer that cannot be: not a record, or one with an older term than this object has seen.
class WitnessClient final : public BackgroundArbiter {
 public:
  // Returns at once, whether or not there is a witness. Errors:
  //  invalid_argument     not an address, not a pair's name, a TLS file that is none
  //  failed_precondition  a TCP address without TLS files, nor Tls::none
  [[nodiscard]] static Result<std::unique_ptr<WitnessClient>> create(const WitnessClientOptions& options);

 private:
  using BackgroundArbiter::BackgroundArbiter;
};

}  // namespace stillwater::mgmt::arbiter
