// The barrier over all workers of a dataplane.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/barrier.h"
#include "base/clock.h"
#include "quiesce/handover_ring.h"
#include "quiesce/worker_gate.h"

namespace stillwater::quiesce {

// Owns the gates. Starts quiesced: a dataplane forwards nothing before somebody resumes it (Q7). One control
// thread at a time calls it; workers meet it in their gates.
class WorkerBarrier final : public Barrier {
 public:
  WorkerBarrier(unsigned workers, const Clock& clock);

  [[nodiscard]] WorkerGate& gate(unsigned worker) { return *gates_[worker]; }
  [[nodiscard]] const WorkerGate& gate(unsigned worker) const { return *gates_[worker]; }
  [[nodiscard]] unsigned workers() const { return static_cast<unsigned>(gates_.size()); }
  // Packets in `ring` are inside the dataplane, so the barrier waits for them too. Before workers start; the
  // ring outlives all use of the barrier.
  void count(const HandoverRing& ring) { rings_.push_back(&ring); }

  // Barrier. A worker whose loop has not begun or has ended counts as quiesced: it holds nothing.
  [[nodiscard]] Status quiesce(Nanos timeout) override;
  void resume() override;
  [[nodiscard]] Instant last_told() const override { return told_; }
  [[nodiscard]] Instant last_resumed() const override;

  [[nodiscard]] bool quiesced() const { return quiesced_; }

  // While quiesced: ports are emptied and what came is freed and counted (a standby), or packets wait in
  // their rings (a checkpoint).
  void set_discard(bool on);
  // Waits until every stopped worker has discarded all that its receive rings held at this call. Needs
  // discard mode.
  [[nodiscard]] Status drain_ports(Nanos timeout);
  // While quiesced: every worker lets go of the held packets that may leave (WhileStopped::release_held).
  [[nodiscard]] Status release_held(Nanos timeout);
  [[nodiscard]] std::uint64_t discarded() const;
  [[nodiscard]] std::uint64_t held() const;

 private:
  [[nodiscard]] bool all_stand_still() const;
  [[nodiscard]] bool rings_are_settled() const;
  [[nodiscard]] std::string who_holds_packets() const;
  // Until every worker that runs has done `round`.
  [[nodiscard]] bool done_by_all(std::atomic<std::uint64_t> WorkerGate::*rounds, std::uint64_t round,
                                 Nanos timeout) const;

  const Clock& clock_;
  std::vector<std::unique_ptr<WorkerGate>> gates_;
  std::vector<std::uint64_t> visits_;  // of each worker, when the quiesce was asked for
  std::vector<const HandoverRing*> rings_;
  bool quiesced_ = true;
  Instant told_{};
  Instant resumed_{};
  std::uint64_t drains_ = 0;
  std::uint64_t releases_ = 0;
};

}  // namespace stillwater::quiesce
