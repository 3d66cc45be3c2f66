// One of the two computers: its clock, its power, the memory of the process on it, and what stands still.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "ckpt_engine/region/region.h"
#include "tests/sim/process.h"

namespace stillwater::sim {

class World;

class Machine {
 public:
  Machine(World& world, unsigned index, std::unique_ptr<region::Region> region);
  ~Machine();

  // Its own clock, and what another instant of it is in true time.
  [[nodiscard]] Instant now() const;
  [[nodiscard]] Nanos true_time(Instant local) const;

  void start();
  // The process ends at once; its memory is gone. From within its control thread: does not return.
  void kill(bool kernel_lives);
  [[nodiscard]] bool alive() const { return process_ != nullptr; }
  [[nodiscard]] Process* process() const { return process_.get(); }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  [[nodiscard]] unsigned index() const { return index_; }
  [[nodiscard]] region::Region& region() const { return *region_; }
  [[nodiscard]] std::uint64_t hard_hash() const;
  [[nodiscard]] std::uint64_t protected_hash() const;

  // For events that were meant for a process that may be gone.
  void wake(std::uint64_t incarnation);
  void datagram(const wire::Heartbeat& beat);
  // No process, but a kernel that says so.
  [[nodiscard]] bool refuses_datagrams() const { return !alive() && kernel_lives_; }
  void refused(const wire::Heartbeat& beat);

  // Injectors. In true time.
  void freeze(Nanos until);
  void stall_control(Nanos until);
  void stall_beats(Nanos until);
  void fail_quiesces(unsigned times) { quiesce_failures_ = times; }
  void forge_next_group() { forge_ = true; }
  void heal();
  [[nodiscard]] bool frozen() const;
  [[nodiscard]] Nanos control_stalls_until() const { return std::max(frozen_until_, control_until_); }
  [[nodiscard]] Nanos beats_stall_until() const { return std::max(frozen_until_, beats_until_); }
  [[nodiscard]] bool take_quiesce_failure();
  [[nodiscard]] bool take_forgery() { return std::exchange(forge_, false); }

  // The fiber of the process has ended.
  void bury();

 private:
  World& world_;
  const unsigned index_;
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<Process> process_;
  std::uint64_t incarnation_ = 0;
  Nanos frozen_until_{};
  Nanos control_until_{};
  Nanos beats_until_{};
  unsigned quiesce_failures_ = 0;
  bool forge_ = false;
  bool kernel_lives_ = false;  // of a machine without a process
};

}  // namespace stillwater::sim
