// The host's side of a guest's port: packets in, answers out, and the word that quiesces the agent.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/kvm/guest/layout.h"

namespace stillwater::kvm {

// Memory of this process, never part of a checkpoint; begins quiesced and empty (mission Q7). One control
// thread; the guest is the other side.
class Port {
 public:
  [[nodiscard]] static Result<Port> create();
  Port(Port&& other) noexcept;
  Port& operator=(Port&&) = delete;
  ~Port();

  [[nodiscard]] std::span<std::byte> memory() const;

  // False while the receive ring is full.
  [[nodiscard]] bool offer(const guest::Packet& packet);
  // Appends what the guest has sent. Read the epoch that it is held for *after* this: too late is safe.
  void take(std::vector<guest::Packet>& out);
  [[nodiscard]] std::uint64_t waiting() const;  // offered, not received

  // Q2: asks the agent to quiesce; Q4: whether it has said that no packet is inside since; Q5: lets it go on.
  void request_quiesce();
  [[nodiscard]] bool quiesced() const;
  void restart();

 private:
  explicit Port(guest::Port* port) : port_(port) {}

  guest::Port* port_;
  std::uint64_t request_ = 1;  // each has a number, so that an old answer is not taken for a new one
};

}  // namespace stillwater::kvm
