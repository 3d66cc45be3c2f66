// Source NAT's state: which ports of the pools are taken, and which bindings have them.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include <tl/expected.hpp>

#include "ckpt_engine/region/binding_table.h"
#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/drop_reason.h"
#include "dataplane/datapath/nat/nat_tables.h"
#include "dataplane/datapath/nat/port_blocks.h"

namespace stillwater::dataplane {

// An address and port, inside or outside. Network byte order.
struct NatEndpoint {
  std::uint32_t address_be;
  std::uint16_t port_be;
};

// Of one worker's shard; lies in the region, and that worker writes it.
//
// A binding lives as long as it has sessions. A session has it whose initiator is seen as the binding's
// outside endpoint, and one that came in by that endpoint. Which ones these are follows from the session's
// tuples (`bindings_of`), so joining and leaving cannot count differently.
class NatState {
 public:
  static constexpr std::uint32_t kNone = region::BindingTable::kNone;

  // Nothing where nothing takes ports.
  static void add_roots(region::Layout& layout, unsigned shard, const Config& config);
  NatState(const region::Region& region, unsigned shard, const Config& config);

  // The binding of an endpoint inside under that entry, and of an endpoint outside; kNone: there is none.
  [[nodiscard]] std::uint32_t find_inside(std::uint8_t entry, std::uint32_t address_be, std::uint16_t port_be,
                                          std::uint8_t protocol) const;
  [[nodiscard]] std::uint32_t find_outside(std::uint32_t address_be, std::uint16_t port_be,
                                           std::uint8_t protocol) const;
  [[nodiscard]] const region::Binding& at(std::uint32_t binding) const { return bindings_->at(binding); }
  // For a walk: slots below this one may be in use; a slot in use may hold what is no binding.
  [[nodiscard]] std::uint32_t slots_touched() const { return bindings_ ? bindings_->slots_touched() : 0; }
  [[nodiscard]] bool is_binding(std::uint32_t slot) const;
  // The entry of source NAT that it is of.
  [[nodiscard]] std::uint8_t entry_of(std::uint32_t binding) const;
  // Whether the binding has a session with that address outside. Of entries whose filtering asks for it.
  [[nodiscard]] bool knows_peer(std::uint32_t binding, std::uint32_t remote_be) const;

  // A binding can be made. There are as many as sessions, and as many again for what they know of peers, and
  // for what their hosts have.
  [[nodiscard]] bool has_room_for_binding() const { return bindings_ && bindings_->has_room(); }
  // The host may have one more under that entry; `given_up`: of those that it has, so many do not count.
  [[nodiscard]] bool host_may_bind(std::uint8_t entry, std::uint32_t address_be,
                                   std::uint32_t given_up) const;
  // Where bindings are made: without sessions yet. kNone: the table is full.
  [[nodiscard]] std::uint32_t open_binding(region::Turn& turn, std::uint8_t entry,
                                           const region::FlowKey& inside, const NatEndpoint& outside);
  // The same undone with the packet in hand: nobody was told of it.
  void undo_binding(region::Turn& turn, std::uint32_t binding);

  // Takes a port (an echo identifier for ICMP) of this worker's share in an address of the pool: `wanted_be`
  // if it is free, else the next one, but rather one that `prefers(port_be)`. Network byte order.
  template <class Prefers>
  [[nodiscard]] std::optional<std::uint16_t> take_port(region::Turn& turn, std::uint32_t pool,
                                                       std::uint8_t protocol, const PortRange& ports,
                                                       std::uint16_t wanted_be, const Prefers& prefers) {
    const auto port =
        bitmap_of(pool, protocol)
            .take(turn, ports.first, ports.last, rte_be_to_cpu_16(wanted_be), share_,
                  [&](std::uint16_t candidate) { return prefers(rte_cpu_to_be_16(candidate)); });
    if (!port) return std::nullopt;
    return rte_cpu_to_be_16(*port);
  }
  // Which one `take_port` would take, if `also_free_be` were free too.
  template <class Prefers>
  [[nodiscard]] std::optional<std::uint16_t> find_port_for(const region::Turn& turn, std::uint32_t pool,
                                                           std::uint8_t protocol, const PortRange& ports,
                                                           std::uint16_t wanted_be, const Prefers& prefers,
                                                           std::optional<std::uint16_t> also_free_be) const {
    std::optional<std::uint16_t> also_free;
    if (also_free_be) also_free = rte_be_to_cpu_16(*also_free_be);
    const auto port =
        bitmap_of(pool, protocol)
            .find_free(
                turn, ports.first, ports.last, rte_be_to_cpu_16(wanted_be), share_,
                [&](std::uint16_t candidate) { return prefers(rte_cpu_to_be_16(candidate)); }, also_free);
    if (!port) return std::nullopt;
    return rte_cpu_to_be_16(*port);
  }
  // Gives back a port that was taken with the packet in hand, and the block that was given for it.
  void undo_port(region::Turn& turn, const NatEndpoint& outside, std::uint8_t protocol);

  // For a host of an entry that gives blocks: one of the ports of its blocks, else the first of a new one.
  struct BlockAsk {
    std::uint32_t pool;
    std::uint8_t protocol;
    BlockOwner owner;
    PortRange ports;  // of the entry
    std::uint16_t wanted_be;
  };
  // What a session that leaves with the packet in hand had of the same address and protocol.
  struct Leaving {
    std::uint16_t port_be;
    bool is_free;  // at once: nobody's commit is awaited
  };
  struct BlockPort {
    std::uint16_t port_be;
    bool begins_block;
  };
  // Which one that is: rather one that `prefers(port_be)`. Errors: nat_host_limit (its blocks are full, and
  // are all that it may have), nat_ports_exhausted (no block is free).
  template <class Prefers>
  [[nodiscard]] tl::expected<BlockPort, DropReason> find_block_port(
      const region::Turn& turn, const BlockAsk& ask, const Prefers& prefers,
      const std::optional<Leaving>& leaving = std::nullopt);
  // The same taken.
  template <class Prefers>
  [[nodiscard]] tl::expected<BlockPort, DropReason> take_block_port(region::Turn& turn, const BlockAsk& ask,
                                                                    const Prefers& prefers) {
    const auto found = find_block_port(turn, ask, prefers);
    if (found) take_found(turn, ask, *found);
    return found;
  }
  // Whose blocks are whose is asked of the bindings again: while others led, they wrote these.
  void forget();

  // The session is in the table; and it is about to leave it. What was its alone is free then, once that is
  // committed.
  void joined(region::Turn& turn, const region::Session& session);
  struct Bound {
    NatEndpoint inside;
    NatEndpoint outside;
    // Ports that the host has no longer: one, or those of the block that `outside` is of; 0: the block stays.
    std::uint16_t ports = 1;
  };
  struct Freed {
    std::optional<Bound> initiators;
    std::optional<Bound> responders;
  };
  Freed left(region::Turn& turn, const region::Session& session);
  // What `left` would set free of the endpoint that the session's initiator has outside.
  [[nodiscard]] bool would_free_port(const region::Session& session) const;
  // The only session of this binding is that one.
  [[nodiscard]] bool is_last_of(const region::Session& session, std::uint32_t binding) const;

  // Ports of an address of the pool that are taken, of a protocol with NAT ports, in this shard. Counts.
  [[nodiscard]] std::uint32_t count_taken(std::uint32_t pool, std::uint8_t protocol) const {
    return bitmap_of(pool, protocol).count_taken();
  }
  // The same of ports that nobody else can have: those of blocks that hosts have, where blocks are given.
  [[nodiscard]] std::uint32_t count_given(std::uint32_t pool, std::uint8_t protocol) const;
  // A session found no port there; how often, since start, and of all pools. The latter from any thread.
  void note_refused(std::uint32_t pool, std::uint8_t protocol);
  [[nodiscard]] std::uint64_t refused(std::uint32_t pool, std::uint8_t protocol) const;
  [[nodiscard]] std::uint64_t refused() const { return refused_in_all_.load(std::memory_order_relaxed); }

 private:
  struct Pool {
    std::uint32_t address_be;
    region::PortBitmap protocols[kNatProtocols.size()];
    PortBlocks blocks[kNatProtocols.size()];
  };
  // A binding of the session, and the address of the peer outside.
  struct Use {
    std::uint32_t binding;
    std::uint32_t remote_be;
  };
  struct Uses {
    std::optional<Use> initiators;
    std::optional<Use> responders;
  };
  [[nodiscard]] Uses bindings_of(const region::Session& session) const;
  void join(region::Turn& turn, const Use& use);
  std::optional<Bound> leave(region::Turn& turn, const Use& use);
  Bound free_binding(region::Turn& turn, std::uint32_t binding);
  void count_up(region::Turn& turn, const region::BindingKey& key);
  void count_down(region::Turn& turn, const region::BindingKey& key);
  [[nodiscard]] bool filters_by_address(std::uint32_t binding) const;
  [[nodiscard]] std::optional<std::uint32_t> pool_of(std::uint32_t address_be) const;
  [[nodiscard]] PortBlocks& blocks_of(std::uint32_t pool, std::uint8_t protocol);
  // As the bindings have it, where it is not known yet: a look at each block that has a port taken, 1,024 at
  // most, once for an address and protocol after a takeover.
  [[nodiscard]] PortBlocks& known_blocks(std::uint32_t pool, std::uint8_t protocol);
  void take_found(region::Turn& turn, const BlockAsk& ask, const BlockPort& found);
  // The block that had this port is nobody's, if none of its ports is taken any more; whether it is.
  bool end_block(std::uint32_t pool, std::uint8_t protocol, std::uint16_t port_be);
  [[nodiscard]] region::PortBitmap& bitmap_of(std::uint32_t pool, std::uint8_t protocol);
  [[nodiscard]] const region::PortBitmap& bitmap_of(std::uint32_t pool, std::uint8_t protocol) const;

  std::vector<Pool> pools_;  // as NatTables::pool_addresses
  struct EntryState {
    NatFiltering filtering;
    std::uint32_t ports_per_host;   // in this shard; 0: any number
    std::uint32_t block_size;       // 0: single ports
    std::uint32_t blocks_per_host;  // in this shard
  };
  std::vector<EntryState> entries_;
  std::optional<region::BindingTable> bindings_;  // none: nothing is bound
  region::PortBitmap::Share share_;
  // Not in the region: what a node refused it has told nobody. Writer: the worker; relaxed: figures.
  std::vector<std::atomic<std::uint64_t>> refused_;  // by address, then by protocol
  std::atomic<std::uint64_t> refused_in_all_{0};
};

// The session leaves under another source than its initiator's.
[[nodiscard]] inline bool is_translated(const region::Session& session) {
  return session.reply.destination_be != session.forward.source_be ||
         session.reply.destination_port_be != session.forward.source_port_be;
}

// A block ends with its last port, so that the one of a session that leaves may take its block along.
template <class Prefers>
tl::expected<NatState::BlockPort, DropReason> NatState::find_block_port(
    const region::Turn& turn, const BlockAsk& ask, const Prefers& prefers,
    const std::optional<Leaving>& leaving) {
  const PortBlocks& blocks = known_blocks(ask.pool, ask.protocol);
  const region::PortBitmap& bitmap = bitmap_of(ask.pool, ask.protocol);
  const unsigned size = blocks.size(), wanted = rte_be_to_cpu_16(ask.wanted_be);
  std::optional<std::uint16_t> left, also_free;
  if (leaving) left = rte_be_to_cpu_16(leaving->port_be);
  if (leaving && leaving->is_free) also_free = left;
  const auto find_in = [&](unsigned first) {
    return bitmap.find_free(
        turn, static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(blocks.last_of(first)),
        static_cast<std::uint16_t>(first + wanted % size), share_,
        [&](std::uint16_t port) { return prefers(rte_cpu_to_be_16(port)); }, also_free);
  };
  const auto goes = [&](unsigned first) {
    return left && blocks.first_of(*left) == first && !bitmap.first_taken(first, blocks.last_of(first), left);
  };
  std::uint32_t held = 0;
  std::optional<std::uint16_t> port;
  blocks.each_of(ask.owner, [&](unsigned first) {
    if (goes(first)) return;
    ++held;
    if (!port) port = find_in(first);
  });
  if (port) return BlockPort{rte_cpu_to_be_16(*port), false};
  if (held >= entries_[ask.owner.entry].blocks_per_host) return tl::unexpected(DropReason::nat_host_limit);
  // From the one that has the host's own port on.
  for (unsigned i = 0; i < blocks.count(); ++i) {
    const unsigned first = (blocks.first_of(wanted) + i * size) % 65536;
    if (first < ask.ports.first || blocks.last_of(first) > ask.ports.last) continue;
    if (!share_.has(static_cast<std::uint16_t>(first))) continue;
    if (!bitmap.all_free(turn, first, blocks.last_of(first), also_free)) continue;
    if ((port = find_in(first))) return BlockPort{rte_cpu_to_be_16(*port), true};
  }
  return tl::unexpected(DropReason::nat_ports_exhausted);
}

}  // namespace stillwater::dataplane
