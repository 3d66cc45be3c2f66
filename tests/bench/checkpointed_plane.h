// A dataplane of one worker with everything that checkpoints it, put together as the daemon does it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/trackers/barrier_tracker.h"
#include "dataplane/dataplane.h"
#include "tests/bench/pause_parts.h"

namespace stillwater::bench {

class LiveStandby;
class SocketTransport;

// Ends the program, saying why, where something fails.
class CheckpointedPlane {
 public:
  static constexpr Nanos kWindow = 1s;

  // After init_eal. `prepare` is called when the ports are open, and before they start: sources get their
  // ports there, and tables what is in them from the start. Of the plane it may use `plane`, `region`,
  // `epochs` and `clock`.
  CheckpointedPlane(const dataplane::Config& config, const std::function<void(CheckpointedPlane&)>& prepare);
  ~CheckpointedPlane();

  // Packets that left per second of the window, in millions, while `beside` runs on this thread.
  [[nodiscard]] double forwarded_mpps(const std::function<void(Instant until)>& beside);
  void wait(Instant until) const;
  // The worker leaves its core, with nothing in its hands, and its ports stop; then it takes it again.
  void rest();
  void wake();

  // A real Receiver behind a socket, on a thread of its own; the first sync is done when this returns.
  void connect_standby();

  // Checkpoints at 1 kHz until `until`: those that the policy finds due, or one every millisecond, whether
  // anything changed or not. Appends of each, but of those that were due and found nothing hard to do: its
  // pause, the worker's own largest receive gap in its interval, and hard lines. Soft ones are those that
  // were written since the checkpoint before.
  struct Pauses {
    std::vector<double> blackout_us, receive_gap_us, lines, soft_lines;
    PauseParts parts;
    std::size_t checkpoints = 0;
  };
  enum class Which { due, each };
  void checkpoint(Instant until, Pauses& pauses, Which which = Which::due);

  [[nodiscard]] dataplane::Dataplane& plane() { return *plane_; }
  [[nodiscard]] const region::Region& region() const { return *region_; }
  [[nodiscard]] const CommittedEpoch& epochs() const { return epochs_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  [[nodiscard]] std::uint64_t frames_sent() const;
  [[nodiscard]] Status acknowledge(SocketTransport& transport);

  dataplane::Config config_;
  BootClock clock_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  region::Layout layout_;
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<dataplane::Dataplane> plane_;
  std::unique_ptr<trackers::BarrierTracker> tracker_;
  std::unique_ptr<engine::Engine> engine_;
  UniqueFd here_, there_;
  std::unique_ptr<LiveStandby> standby_;
};

// The DPDK port of that name; ends the program where there is none.
[[nodiscard]] std::uint16_t port_called(const std::string& name);

}  // namespace stillwater::bench
