// Puts the wrappers in front of the drivers' burst functions, keeps them there, and reads their accounts.
#pragma once

#include <array>
#include <vector>

#include "base/clock.h"
#include "quiesce/plugin/burst_wrapper.h"
#include "quiesce/plugin/settling.h"
#include "quiesce/plugin/status.h"

namespace stillwater::quiesce::plugin {

// Not thread-safe: its owner has a lock. The burst functions it installs are called by any thread meanwhile.
class Ports {
 public:
  // Make it while no port is started: it learns what DPDK puts in place of a stopped port's functions.
  explicit Ports(const Clock& clock);

  // Wraps every port that started, or whose driver changed its functions, since the last call.
  void wrap_new();
  // Remembers which queues are being polled, for `polled` of the looks, and whether more went out than came
  // in: then the program makes packets of its own. Call it every kPollingLooks.
  void note_polling();

  // From the next call on, the receive functions of these ports (empty: of all) return 0; so do those of
  // ports that start later. Returns when every thread sees it.
  void stop(const std::vector<std::uint16_t>& only);
  void resume();

  [[nodiscard]] Look look() const;
  [[nodiscard]] std::vector<PortLook> look_at_ports() const;
  // What came in less what went out is not what the program holds; looks say so from now on.
  void distrust_balance() { balance_trusted_ = false; }
  // Threads are not slowed by fences: the kernel does membarrier.
  [[nodiscard]] bool has_barriers() const { return barriers_; }

  static constexpr Nanos kPollingLooks = 10ms;
  static constexpr Nanos kPolledWithin = 50ms;

 private:
  struct QueueHistory {
    std::uint64_t entered_when_wrapped = 0;
    std::uint64_t entered_when_noted = 0;
    Instant active_at{};
    bool polled_at_stop = false;
  };
  struct SideHistory {
    bool up = false;
    Counting counting = Counting::alone;
    Instant wrapped_at{};
    std::uint64_t unknown_seen = 0;
    std::vector<QueueHistory> queues{};  // as many as the side ever had
    QueueHistory unknown{};
  };
  struct PortHistory {
    SideHistory receive;
    SideHistory transmit;
  };

  void wrap(std::uint16_t port, Direction direction);
  void read_queues(std::uint16_t port, Direction direction);
  // Every packet that the port's driver ever received was counted here.
  [[nodiscard]] bool counted_all(std::uint16_t port) const;
  [[nodiscard]] std::uint64_t packets(Direction direction) const;
  [[nodiscard]] std::uint64_t packets(std::uint16_t port, Direction direction) const;
  [[nodiscard]] bool is_selected(std::uint16_t port) const;
  void look_at(std::uint16_t port, Direction direction, Look& look, std::vector<const void*>& pools) const;
  template <class Use>  // use(queue number, account, history)
  void for_each_queue(std::uint16_t port, Direction direction, Use use) const;

  const Clock& clock_;
  bool barriers_;
  Burst stopped_receive_;  // DPDK's own, of a port that is not started
  Burst stopped_transmit_;
  bool balance_trusted_ = true;
  bool stopping_ = false;
  std::vector<std::uint16_t> only_;
  mutable std::array<PortHistory, kPorts> history_{};
};

}  // namespace stillwater::quiesce::plugin
