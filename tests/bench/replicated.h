// A system that takes checkpoints with a standby in another process.
#pragma once

#include "tests/bench/checkpointed.h"
#include "tests/bench/replication_peer.h"

namespace stillwater::bench {

// Passes frames on and counts their bytes.
class CountingTransport final : public wire::Transport {
 public:
  explicit CountingTransport(wire::Transport& to) : to_(to) {}
  Status send(wire::Bytes bytes) override {
    sent_bytes_ += bytes.size();
    return to_.send(bytes);
  }
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  wire::Transport& to_;
  std::uint64_t sent_bytes_ = 0;
};

// The engine runs on the calling thread, its worker on the last core. Made while this process has one thread;
// `sync` comes first.
class Replicated {
 public:
  // `groups`: as standby_of says.
  Replicated(const region::Layout& layout, const Connect& connect, Core standby, std::size_t groups);

  // The standby is filled anew; returns when that is acknowledged.
  void sync();
  // One checkpoint through all steps; returns when it is acknowledged.
  void checkpoint();
  [[nodiscard]] Checkpointed& system() { return system_; }
  [[nodiscard]] CountingTransport& transport() { return transport_; }
  std::vector<double> finish() { return peer_.finish(); }

 private:
  void take_acknowledgement();

  Peer peer_;
  Checkpointed system_;
  CountingTransport transport_;
  BootClock clock_;
};

}  // namespace stillwater::bench
