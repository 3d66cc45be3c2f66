// The arbiter of a pair as a witness (mgmt/witness) at some address.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/arbiter.h"
#include "base/clock.h"
#include "base/result.h"
#include "mgmt/address.h"
#include "mgmt/tls.h"

namespace stillwater::mgmt::arbiter {

struct WitnessClientOptions {
  std::string address;              // of the witness: unix:PATH or HOST:PORT
  std::string pair;                 // both nodes of a pair have the same name for it
  Nanos deadline = 500ms;           // of a request, connecting included
  Tls tls = Tls::required;          // of a TCP address
  std::optional<TlsFiles> files{};  // with a TCP address and Tls::required
};

// One caller thread, which is never blocked: a thread of this object talks, and keeps the connection open and
// alive while nobody asks, so that a takeover need not wait for one. Create it before the caller becomes a
// real-time thread: threads inherit that.
//
// A request ends within its deadline and 100 ms. After one that got no answer the next goes over a new
// connection; while the witness is away, a request looks for it four times a second.
//
// `unanswered` is also what a witness says that refuses or fails (see arbiter.proto; the reason is in `why`),
// and an answer that cannot be: not a record, or one with an older term than this object has seen.
class WitnessClient final : public Arbiter {
 public:
  // Returns at once, whether or not there is a witness. Errors:
  //  invalid_argument     not an address, not a pair's name, a TLS file that is none
  //  failed_precondition  a TCP address without TLS files, nor Tls::none
  [[nodiscard]] static Result<std::unique_ptr<WitnessClient>> create(const WitnessClientOptions& options);

  // Gives up a request under way, which may still happen. Returns within 100 ms.
  ~WitnessClient() override;
  WitnessClient(const WitnessClient&) = delete;
  WitnessClient& operator=(const WitnessClient&) = delete;

  void read() override;
  void swap(const ArbiterRecord& expected, const ArbiterRecord& next) override;
  [[nodiscard]] int wake_fd() const override;
  [[nodiscard]] std::optional<ArbiterAnswer> take_answer() override;

 private:
  class Worker;
  explicit WitnessClient(std::unique_ptr<Worker> worker);
  std::unique_ptr<Worker> worker_;
};

}  // namespace stillwater::mgmt::arbiter
