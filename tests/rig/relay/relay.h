// A link with a relay in it: an Ethernet bridge of two interfaces in user space that impairs each direction
// on its own. It needs no netem in the kernel.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/relay/impaired_path.h"
#include "tests/rig/wire/packet_socket.h"

namespace stillwater::rig {

enum class RelayWay : std::uint8_t { a_to_b, b_to_a };

struct RelayOptions {
  int space_fd = -1;
  std::string a;
  std::string b;
  std::uint64_t seed = 1;
};

// One thread of its own, which sleeps until a frame comes or is due. Started and destroyed by one thread;
// set() and counts() from any. Carrier does not cross it: what lies behind the relay is seen to fall silent,
// not to be unplugged.
class Relay {
 public:
  // Both interfaces must exist in the space, be up, and belong to no bridge nor carry addresses. Forwards
  // unimpaired until set() says otherwise.
  [[nodiscard]] static Result<std::unique_ptr<Relay>> start(const RelayOptions& options);
  ~Relay();

  // From the next frame on. Invalid_argument: as check() says; nothing has changed then.
  [[nodiscard]] Status set(RelayWay way, const Impairment& impairment);
  [[nodiscard]] RelayCounts counts(RelayWay way) const;

  // Without it frames may be later than their delay says; `latest` of the counts tells.
  [[nodiscard]] bool realtime() const { return realtime_.load(); }
  // Why it stopped forwarding by itself; empty: it did not.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Side {
    UniqueFd from;
    UniqueFd to;
    ImpairedPath path;
  };

  explicit Relay(const RelayOptions& options);
  [[nodiscard]] Status open(const RelayOptions& options);
  void run();
  // Both with the lock held.
  [[nodiscard]] Status turn();
  [[nodiscard]] Status take_in(Side& side);
  void send_due(Side& side);
  void arm_timer();

  mutable std::mutex mutex_;   // guards sides_' paths and trouble_
  std::array<Side, 2> sides_;  // by RelayWay
  std::string trouble_;
  UniqueFd timer_;
  UniqueFd wake_;
  PacketBatch batch_;                  // relay thread
  StampReader stamps_;                 // relay thread
  std::atomic<bool> stop_{false};      // writer: the owner
  std::atomic<bool> realtime_{false};  // writer: relay thread
  std::thread thread_;
};

}  // namespace stillwater::rig
