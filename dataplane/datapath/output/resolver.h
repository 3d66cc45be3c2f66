// Packets whose next hop's MAC address is asked for, by ARP or by neighbour discovery.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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

  // A neighbour that did not answer, and the packets that waited for it: the caller's from here on.
  struct Unanswered {
    PortIndex port;
    IpAddress address;
    unsigned count;
    std::array<rte_mbuf*, kPacketsPerNeighbour> packets;
  };

  Resolver(PacketPool& pool, const Service& service, TxQueues& tx);

  // Keeps `packet` until its next hop is known, and asks for it if nobody does yet. Dropped by name when
  // there is no room.
  void wait(PortIndex port, const IpAddress& next_hop, rte_mbuf* packet, Instant now);
  // Whether `wait` would find room behind `ahead` other packets to the same next hop.
  [[nodiscard]] bool has_room(PortIndex port, const IpAddress& next_hop, unsigned ahead) const;
  // Asks the station that was known by `mac` whether it is still there, unless that is going on already.
  void refresh(PortIndex port, const IpAddress& next_hop, const rte_ether_addr& mac, Instant now);
  [[nodiscard]] bool asks_for(PortIndex port, const IpAddress& address) const;
  // Asks for it once, the station at `known` alone if that is not null; keeps nothing of the question. False:
  // there is no buffer for it.
  [[nodiscard]] bool ask(PortIndex port, const IpAddress& address, const rte_ether_addr* known);

  // The neighbour is known now: calls `send(rte_mbuf*)` for the packets that waited for it.
  template <class Send>
  void learned(PortIndex port, const IpAddress& address, Send send) {
    Question* question = find(port, address);
    if (question == nullptr) return;
    const Question answered = *question;
    remove(*question);
    pool_.agent().unhold(answered.count);
    for (unsigned i = 0; i < answered.count; ++i) send(answered.packets[i]);
  }

  // Asks again, and gives up with kAttempts unanswered: one such neighbour a call. Cheap unless something is
  // due.
  [[nodiscard]] std::optional<Unanswered> tick(Instant now);
  // Drops everything that waits.
  void clear(DropReason why);
  [[nodiscard]] std::uint32_t waiting() const { return waiting_; }

 private:
  struct Question {
    PortIndex port;
    IpAddress address;
    std::optional<rte_ether_addr> known;  // asked alone
    Instant next_try;
    unsigned attempts;
    unsigned count;
    std::array<rte_mbuf*, kPacketsPerNeighbour> packets;
  };

  [[nodiscard]] Question* find(PortIndex port, const IpAddress& address);
  [[nodiscard]] Question* open(PortIndex port, const IpAddress& address, std::optional<rte_ether_addr> known,
                               Instant now);
  void ask(Question& question, Instant now);
  void remove(Question& question);

  PacketPool& pool_;
  const Service& service_;
  TxQueues& tx_;
  std::vector<Question> questions_;  // the open ones; capacity reserved
  std::uint32_t waiting_ = 0;
  Instant next_tick_{0};
};

}  // namespace stillwater::dataplane
