// Packets whose next hop's MAC address is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "dataplane/datapath/output/tx_queues.h"
#include "dataplane/datapath/packet_pool.h"
#include "dataplane/datapath/tables/service.h"

namespace stillwater::dataplane {

// Bounded in neighbours and in packets a neighbour. Waiting packets are declared held to the agent, so that
// they do not keep the worker from its packet boundary; they lie outside the region and start empty after a
// takeover. Belongs to one worker's thread.
class Resolver {
 public:
  static constexpr unsigned kNeighboursMax = 64;
  static constexpr unsigned kPacketsPerNeighbour = 8;
  static constexpr Nanos kRetryInterval = 1s;
  static constexpr unsigned kAttempts = 3;

  Resolver(PacketPool& pool, const Service& service, TxQueues& tx);

  // Keeps `packet` until its next hop is known, and asks for it if nobody does yet. Dropped by name when
  // there is no room.
  void wait(PortIndex port, std::uint32_t next_hop_be, rte_mbuf* packet, Instant now);
  // Asks anew for a neighbour that is known, unless that is going on already.
  void refresh(PortIndex port, std::uint32_t next_hop_be, Instant now);
  [[nodiscard]] bool asks_for(PortIndex port, std::uint32_t address_be) const;

  // The neighbour is known now: calls `send(rte_mbuf*)` for the packets that waited for it.
  template <class Send>
  void learned(PortIndex port, std::uint32_t address_be, Send send) {
    Question* question = find(port, address_be);
    if (question == nullptr) return;
    const Question answered = *question;
    remove(*question);
    pool_.agent().unhold(answered.count);
    for (unsigned i = 0; i < answered.count; ++i) send(answered.packets[i]);
  }

  // Asks again, and gives up with kAttempts unanswered. Cheap unless something is due.
  void tick(Instant now);
  // Drops everything that waits.
  void clear(DropReason why);
  [[nodiscard]] std::uint32_t waiting() const { return waiting_; }

 private:
  struct Question {
    PortIndex port;
    std::uint32_t address_be;
    Instant next_try;
    unsigned attempts;
    unsigned count;
    std::array<rte_mbuf*, kPacketsPerNeighbour> packets;
  };

  [[nodiscard]] Question* find(PortIndex port, std::uint32_t address_be);
  [[nodiscard]] Question* open(PortIndex port, std::uint32_t address_be, Instant now);
  void ask(Question& question, Instant now);
  void remove(Question& question);
  void drop_packets(Question& question, DropReason why);

  PacketPool& pool_;
  const Service& service_;
  TxQueues& tx_;
  std::vector<Question> questions_;  // the open ones; capacity reserved
  std::uint32_t waiting_ = 0;
  Instant next_tick_{0};
};

}  // namespace stillwater::dataplane
