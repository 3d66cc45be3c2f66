// The packet half of one simulated node: a worker that takes requests of clients in turns, writes the region
// through its containers, and holds the answers as the dataplane does.
#pragma once

#include <deque>
#include <vector>

#include "base/barrier.h"
#include "base/committed_epoch.h"
#include "base/transmit_permit.h"
#include "ckpt_engine/region/counters.h"
#include "ckpt_engine/region/neighbour_table.h"
#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/output/hold_buffer.h"
#include "standby/pair/forwarding.h"

namespace stillwater::sim {

class World;
class Process;

// Operation `number` of a client; the session of the client remembers the last one.
struct ClientRequest {
  unsigned client = 0;
  std::uint32_t number = 0;
};

[[nodiscard]] region::Layout small_layout();
[[nodiscard]] region::FlowKey key_of(unsigned client);

class Packets final : public standby::Forwarding, private Barrier {
 public:
  Packets(World& world, Process& process, region::Region& region);

  // The wire.
  void arrive(const ClientRequest& request);
  // A turn of the worker, soon, if anything waits for one.
  void poll();

  [[nodiscard]] region::WorkerMarks& marks() { return marks_; }
  [[nodiscard]] CommittedEpoch& epochs() { return epochs_; }
  [[nodiscard]] TransmitPermit& permit() { return permit_; }
  [[nodiscard]] const TransmitPermit& permit() const { return permit_; }
  [[nodiscard]] bool discarding() const { return discard_; }
  // The workers went over to another epoch: what they left is epoch `current` - 1.
  void note_epoch();

  [[nodiscard]] Barrier& barrier() override { return *this; }
  [[nodiscard]] bool quiesced() const override { return quiesced_; }
  void set_discard(bool on) override { discard_ = on; }
  [[nodiscard]] Status drain_ports(Nanos timeout) override;
  void drop_held() override;
  void continue_region_time(Nanos region_now) override;
  void on_activate() override;
  [[nodiscard]] Status release_held(Nanos timeout) override;
  void keep_waiting(bool on) override;
  [[nodiscard]] bool take_waiting(const std::function<void(const standby::WaitingFrame&)>& sink) override;
  void bring_waiting(const standby::WaitingFrame& frame) override;
  void expect_waiting(Nanos) override {}  // a request arrives at one node
  void announce() override;

 private:
  struct Answer {
    unsigned client;
    std::uint32_t number;
    std::uint64_t epoch;
  };
  static constexpr std::uint32_t kHeldMax = 64;

  [[nodiscard]] Status quiesce(Nanos timeout) override;
  void resume() override;
  [[nodiscard]] Instant last_told() const override { return last_told_; }
  [[nodiscard]] Instant last_resumed() const override { return last_resumed_; }

  void turn();
  void serve(const ClientRequest& request);
  void work_beside();
  void transmit(const Answer& answer);
  void release();
  [[nodiscard]] bool stands_still() const { return quiesced_; }

  World& world_;
  Process& process_;
  region::Region& region_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  region::WorkerMarks marks_;
  region::Turn turn_;
  region::SessionTable sessions_;
  region::PortBitmap ports_;
  region::NeighbourTable neighbours_;
  region::Counters counters_;
  dataplane::HoldBuffer held_{kHeldMax};
  std::vector<Answer> answers_{kHeldMax};  // that held packets stand for
  std::vector<std::size_t> free_;          // of them
  std::deque<ClientRequest> ring_;
  std::vector<std::uint32_t> others_;  // sessions of nobody that the checks know
  bool quiesced_ = true;
  bool discard_ = true;
  bool keeping_ = false;
  bool turn_planned_ = false;
  std::uint64_t epoch_seen_ = 1;
  Nanos region_time_offset_{};
  Instant last_told_{};
  Instant last_resumed_{};
};

}  // namespace stillwater::sim
