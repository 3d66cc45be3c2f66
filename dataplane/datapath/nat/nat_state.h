// Source NAT: which sessions are translated, and the ports that they take.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Translations of one worker's shard. Its bitmaps lie in the region; that worker writes them.
class SourceNat {
 public:
  struct Entry {
    PortIndex from;
    PortIndex to;
    std::uint32_t address_be;
    PortRange ports;
    std::size_t pool;  // of its address
  };

  // Adds a root with a bitmap for each address and protocol.
  static void add_roots(region::Layout& layout, unsigned shard, const Config& config);
  SourceNat(const region::Region& region, unsigned shard, const Config& config);

  // Null: sessions between these ports are not translated.
  [[nodiscard]] const Entry* find(PortIndex from, PortIndex to) const;

  // Takes a port (an echo identifier for ICMP) of this worker's share: `wanted_be` if it is free, else the
  // next one, but rather one that `prefers(port_be)`. Network byte order.
  template <class Prefers>
  [[nodiscard]] std::optional<std::uint16_t> take(region::Turn& turn, const Entry& entry,
                                                  std::uint8_t protocol, std::uint16_t wanted_be,
                                                  const Prefers& prefers) {
    const auto port =
        bitmap_of(entry, protocol)
            .take(turn, entry.ports.first, entry.ports.last, rte_be_to_cpu_16(wanted_be), share_,
                  [&](std::uint16_t candidate) { return prefers(rte_cpu_to_be_16(candidate)); });
    if (!port) return std::nullopt;
    return rte_cpu_to_be_16(*port);
  }
  // Which one `take` would take, if `also_free_be` were free too.
  template <class Prefers>
  [[nodiscard]] std::optional<std::uint16_t> find_free(const region::Turn& turn, const Entry& entry,
                                                       std::uint8_t protocol, std::uint16_t wanted_be,
                                                       const Prefers& prefers,
                                                       std::optional<std::uint16_t> also_free_be) const {
    std::optional<std::uint16_t> also_free;
    if (also_free_be) also_free = rte_be_to_cpu_16(*also_free_be);
    const auto port =
        bitmap_of(entry, protocol)
            .find_free(
                turn, entry.ports.first, entry.ports.last, rte_be_to_cpu_16(wanted_be), share_,
                [&](std::uint16_t candidate) { return prefers(rte_cpu_to_be_16(candidate)); }, also_free);
    if (!port) return std::nullopt;
    return rte_cpu_to_be_16(*port);
  }
  // Gives back what was taken with the packet in hand.
  void give_back(region::Turn& turn, const Entry& entry, std::uint8_t protocol, std::uint16_t port_be);
  // Gives back what the session took, if it was translated.
  void give(region::Turn& turn, const region::Session& session);

 private:
  struct Pool {
    std::uint32_t address_be;
    region::PortBitmap protocols[3];
  };
  [[nodiscard]] region::PortBitmap& bitmap_of(const Entry& entry, std::uint8_t protocol);
  [[nodiscard]] const region::PortBitmap& bitmap_of(const Entry& entry, std::uint8_t protocol) const;

  std::vector<Entry> entries_;
  std::vector<Pool> pools_;
  region::PortBitmap::Share share_;
};

// The session leaves under another source than its initiator's.
[[nodiscard]] inline bool is_translated(const region::Session& session) {
  return session.reply.destination_be != session.forward.source_be ||
         session.reply.destination_port_be != session.forward.source_port_be;
}

}  // namespace stillwater::dataplane
