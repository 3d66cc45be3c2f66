// The capture: every watched port from start to stop, into a WireCheck.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/wire/packet_socket.h"
#include "tests/rig/wire/pcap_file.h"
#include "tests/rig/wire/wire_check.h"

namespace stillwater::rig {

// The bridge ports of `space` in a plan; those that lead to one of `nodes` carry its name. Call it with the
// plan as it was before relays were spliced in, so that what is behind a relay is known by its own name.
[[nodiscard]] std::vector<WatchedPort> watched_ports(const Plan& plan, const std::string& space,
                                                     const std::vector<std::string>& nodes);

struct WireWatchOptions {
  int space_fd = -1;  // of the bridges
  WireSubject subject;
  std::string pcap_folder{};  // one file a port, wire-PORT.pcap; empty: none
  std::uint32_t snap_bytes = 192;
  int receive_buffer_bytes = 32 << 20;  // a port; it must hold what comes in between two looks
};

// One thread, which looks at all ports every kLook: frames carry the kernel's stamp, so nothing is gained by
// being quick. Started, stopped and destroyed by one thread.
class WireWatch {
 public:
  static constexpr Nanos kLook = 20ms;

  // Every frame from now on is seen or counted as dropped.
  [[nodiscard]] static Result<std::unique_ptr<WireWatch>> start(const WireWatchOptions& options);
  ~WireWatch();

  // Takes what is still queued, and judges. Call it once.
  [[nodiscard]] WireVerdict stop();

 private:
  struct Port {
    UniqueFd fd;
    std::optional<PcapFile> pcap;
    bool failed = false;
  };
  explicit WireWatch(const WireWatchOptions& options);
  [[nodiscard]] Status open(const WireWatchOptions& options);
  void run();
  void look();
  [[nodiscard]] Status drain(std::size_t port);

  std::vector<std::string> names_;
  std::vector<Port> ports_;
  WireCheck check_;     // watch thread until it is joined
  PacketBatch batch_;   // likewise
  StampReader stamps_;  // likewise
  UniqueFd wake_;
  std::thread thread_;
};

}  // namespace stillwater::rig
