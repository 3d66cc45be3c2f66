// DPDK's own forwarder, as the peer of a run.
#pragma once

#include <memory>
#include <string>

#include <sys/types.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::bench {

// dpdk-testpmd with two ports of one driver, on the last core: where a benchmark's worker runs, which has to
// rest meanwhile. Between measurements it waits for a line to read, and takes no core. On one thread, which
// outlives it.
class Testpmd {
 public:
  // `driver`: net_null or net_ring. Errors: unavailable (it is not installed, or ends), timed_out.
  [[nodiscard]] static Result<std::unique_ptr<Testpmd>> start(const std::string& driver, bool hugepages);
  ~Testpmd();
  Testpmd(const Testpmd&) = delete;
  Testpmd& operator=(const Testpmd&) = delete;

  // Millions of packets a second, by its own clock, that leave both ports in `mode` ("macswap", "5tswap")
  // for about `window`. 512 packets circulate where the driver gives back what is sent. Errors: as above.
  [[nodiscard]] Result<double> forwarded_mpps(const std::string& mode, Nanos window);

 private:
  Testpmd(pid_t pid, UniqueFd terminal) : pid_(pid), terminal_(std::move(terminal)) {}
  // What it says after `echo` until it asks for the next line.
  [[nodiscard]] Result<std::string> said_after(const std::string& echo);
  [[nodiscard]] Result<std::string> answer_to(const std::string& line);

  pid_t pid_;
  UniqueFd terminal_;
  bool has_packets_ = false;
};

}  // namespace stillwater::bench
