// Source NAT's state: which ports of the pools are taken, and which bindings have them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ckpt_engine/region/binding_table.h"
#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/nat/nat_tables.h"

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
  // Gives back a port that was taken with the packet in hand.
  void undo_port(region::Turn& turn, const NatEndpoint& outside, std::uint8_t protocol);

  // The session is in the table; and it is about to leave it. What was its alone is free then, once that is
  // committed.
  void joined(region::Turn& turn, const region::Session& session);
  struct Bound {
    NatEndpoint inside;
    NatEndpoint outside;
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

 private:
  struct Pool {
    std::uint32_t address_be;
    region::PortBitmap protocols[kNatProtocols.size()];
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
  [[nodiscard]] region::PortBitmap& bitmap_of(std::uint32_t pool, std::uint8_t protocol);
  [[nodiscard]] const region::PortBitmap& bitmap_of(std::uint32_t pool, std::uint8_t protocol) const;

  std::vector<Pool> pools_;  // as NatTables::pool_addresses
  struct EntryState {
    NatFiltering filtering;
    std::uint32_t ports_per_host;  // in this shard; 0: any number
  };
  std::vector<EntryState> entries_;
  std::optional<region::BindingTable> bindings_;  // none: nothing is bound
  region::PortBitmap::Share share_;
};

// The session leaves under another source than its initiator's.
[[nodiscard]] inline bool is_translated(const region::Session& session) {
  return session.reply.destination_be != session.forward.source_be ||
         session.reply.destination_port_be != session.forward.source_port_be;
}

}  // namespace stillwater::dataplane
