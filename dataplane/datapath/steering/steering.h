// Which worker owns a packet: the one in whose shard the packet's session lies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <rte_mbuf.h>

#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/nat/nat_tables.h"
#include "dataplane/datapath/tables/fib.h"

namespace stillwater::dataplane {

// The flow that an IPv4 frame's headers name. Reads headers of the first segment and trusts nothing in them.
// False: there is none, and `flow` is as it was. It is written where it is to lie: a copy would wait for it.
[[nodiscard]] bool read_flow(const rte_mbuf& frame, region::FlowKey& flow);
// The flow of an IPv6 frame; none also of a fragment.
[[nodiscard]] std::optional<region::FlowKey6> flow6_of(const rte_mbuf& frame);

// Both directions of a session have one owner, without a lock or a shared table, and so have all sessions of
// an endpoint that source NAT binds. By the first that holds:
//   - an ICMP error: the owner of what the packet that it quotes was an answer to, or a question for;
//   - a fragment: by the addresses alone, so that all of a datagram meet;
//   - a packet that leaves under an address of source NAT: by its endpoint inside; the port outside is taken
//     from the share of its owner;
//   - a packet to an address of source NAT: the owner of the port (ICMP: identifier) that it goes to, as
//     ports are dealt to workers in blocks;
//   - what a port forward or a 1:1 entry leads inside, and answers to it: by the endpoint inside;
//   - any other IPv4 packet: by the flow's symmetric hash.
// IPv6, which has no NAT, goes by the first two and the last of these. What is sent to many of a link has no
// session, and stays where it arrived.
// Protocols without ports behind an address of source NAT go by the remote address. Which packets leave under
// another source is a question of where routes lead, which do not change where there are sessions: two
// lookups a packet, where there is NAT and more than one worker.
// Read-only once built; any thread.
class Steering {
 public:
  explicit Steering(const Config& config);

  // For frames that every worker has to read (ARP, neighbour discovery), and such as belong to nobody:
  // malformed ones, and all of a function without sessions.
  static constexpr unsigned kEveryone = 0xffff;
  static constexpr unsigned kNobody = 0xfffe;

  // Reads headers of the first segment and trusts nothing in them. `fib`: of the turn; null: nothing is known
  // of routes, so no packet leaves under another source.
  [[nodiscard]] unsigned owner(const rte_mbuf& frame, const Fib* fib = nullptr) const;
  [[nodiscard]] unsigned workers() const { return workers_; }

  // Of a packet of this flow that is neither a fragment nor an ICMP error, where there are sessions.
  [[nodiscard]] unsigned owner_of_flow(const region::FlowKey& flow, const Fib* fib = nullptr) const;

  // Where a device with RSS delivers packets of this flow.
  [[nodiscard]] unsigned delivered_to(const region::FlowKey& flow) const;
  [[nodiscard]] unsigned delivered_to(const region::FlowKey6& flow) const;

 private:
  // What of a flow is inside of a translation.
  enum class Inside : std::uint8_t { neither, source, destination };
  [[nodiscard]] bool is_source_translated(const region::FlowKey& flow, const Adjacency& from,
                                          const Adjacency& to) const;
  [[nodiscard]] bool is_answer_translated(const region::FlowKey& flow, const Adjacency& from,
                                          const Adjacency& to) const;
  [[nodiscard]] unsigned owner_of_ipv6(std::span<const std::uint8_t> packet) const;
  [[nodiscard]] Inside inside_target(const region::FlowKey& flow) const;
  [[nodiscard]] unsigned owner_of_source(const region::FlowKey& flow) const;
  [[nodiscard]] unsigned owner_by(Inside inside, const region::FlowKey& flow) const;
  [[nodiscard]] unsigned owner_in_pool(const region::FlowKey& flow) const;
  // Of a flow whose destination was translated already.
  [[nodiscard]] unsigned owner_of_forwarded(const region::FlowKey& flow, const Adjacency& from,
                                            const Fib& fib) const;

  unsigned workers_;
  bool has_sessions_;
  NatTables nat_;
};

}  // namespace stillwater::dataplane
