// Fragments, put together to the datagrams that they were cut from.
//
// Written here, and not left to rte_ip_frag. Its tables know a datagram to be whole by adding up lengths, so
// that fragments which overlap, come twice or lie past the last one make a wrong one or end a right one; they
// take 8 fragments of a datagram (RTE_LIBRTE_IP_FRAG_MAX_FRAG), none when the table is full, look at a
// time-out only where something arrives, free the first fragment before anybody can tell its source, find a
// Fragment header only directly behind IPv6's own, and free through a death row that no account of packets
// sees.
//
// How a node uses it, for packets to own addresses, where the header says "fragment" (IPv6: where its walk
// over the headers arrives at a Fragment header; what stands in front has been obeyed):
//   const Reassembled result = reassembly.add_ipv4(packet.mbuf, packet.in_port, context.now);
//   switch (result.kind) {
//     case Reassembled::Kind::taken: return Verdict::taken();
//     case Reassembled::Kind::refused: ...tell if result.refusal.tell...; return
//     Verdict::drop(result.refusal.why); case Reassembled::Kind::whole: packet.mbuf = result.datagram;
//     ...parse it again, as if it had arrived...
//   }
// and once a turn, in tidy:
//   reassembly.tick(now, [&](rte_mbuf* first, PortIndex in_port) {
//     ...ICMP 11/1 or ICMPv6 3/1 about `first`...; pool.drop(first, DropReason::reassembly_timeout); });
// Where the worker's held output is discarded (a fence, the loss of the role), `discard` is called as well.
// All fragments of a datagram have to reach one worker. The pool needs ReassemblyLimits::fragments more
// buffers a worker.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "dataplane/datapath/fragments/datagram_table.h"
#include "dataplane/datapath/fragments/fragment_fields.h"
#include "dataplane/datapath/packet_pool.h"

namespace stillwater::dataplane {

struct ReassemblyLimits {
  std::uint32_t datagrams = 256;
  std::uint32_t fragments = 1024;
  // Of a datagram: the longest has 54 where every link carries IPv6. It also bounds what one fragment costs.
  std::uint32_t fragments_of_datagram = 64;

  // What one source may have. A datagram fits into it.
  [[nodiscard]] std::uint32_t datagrams_of_source() const { return datagrams / 4 + 1; }
  [[nodiscard]] std::uint32_t fragments_of_source() const { return fragments / 4 + fragments_of_datagram; }
};

struct Reassembled {
  enum class Kind : std::uint8_t {
    whole,    // `datagram` is the caller's, the fragment is a part of it
    taken,    // it is not the caller's any more: it waits, or was dropped by name
    refused,  // the caller still has it, and drops it for `refusal`
  };
  Kind kind;
  rte_mbuf* datagram = nullptr;
  Refusal refusal{};
};

// Belongs to one worker's thread, `discard` to a control thread too while that one stands still. Nothing of
// it is in the region, so it is empty after a takeover: senders repeat. Fragments are declared held to the
// agent.
//
// A datagram is what its fragments say without contradiction, or nothing:
//   - one that overlaps another ends its datagram (RFC 5722; of IPv4 as well), and so do one past the last,
//   two
//     different ends, and more fragments than a datagram may have. Those of it that come later are refused
//     until its time is over, so that nothing is made of the rest.
//   - an exact duplicate, byte for byte, is refused alone: networks make them (RFC 8200 section 4.5).
//   - one that no datagram can have (empty, not a multiple of 8 bytes, past 65,535) is refused alone.
// Where there is no room, the oldest datagram gives way, of the same source if that has its share already.
class Reassembly {
 public:
  // RFC 1122 section 3.3.2 asks for 60 to 120 s. But an IPv4 identification is 16 bits: at 10,000 fragmented
  // packets a second between two hosts it is used again after 6.5 s, and fragments of two datagrams are mixed
  // (RFC 4963). Others wait 30 s, as we do: longer helps no sender, whose own timers are over by then.
  static constexpr Nanos kIpv4Timeout = 30s;
  static constexpr Nanos kIpv6Timeout = 60s;  // RFC 8200 section 4.5

  // `secret` is a random number, so that nobody can choose what collides.
  Reassembly(PacketPool& pool, std::uint32_t secret, const ReassemblyLimits& limits = {});
  ~Reassembly() { discard(); }

  // Takes a frame whose first segment begins with Ethernet and IP headers. A datagram is a chain of segments,
  // as its fragments were, that begins with the first fragment's frame; whoever needs it in one piece asks
  // rte_pktmbuf_linearize, which a longer one than a buffer refuses. It leaves as fragments again
  // (fragment.h), never as it is. What is no fragment, or one that is a whole datagram (RFC 6946), comes back
  // at once.
  [[nodiscard]] Reassembled add_ipv4(rte_mbuf* frame, PortIndex in_port, Instant now);
  [[nodiscard]] Reassembled add_ipv6(rte_mbuf* frame, PortIndex in_port, Instant now);

  // Puts a copy of what is here of the datagram of `fragment`, which begins with Ethernet and IP headers,
  // into `to`, which is empty: what `to` makes of the fragment then is what would be made of it here, as long
  // as nothing has to give way. Where `to` has no buffers for it, it stays empty.
  void copy_datagram_of(rte_mbuf& fragment, PortIndex in_port, Reassembly& to);

  // Gives up datagrams whose time is over, some of them a call. Calls `tell(rte_mbuf* first, PortIndex
  // in_port)` where the first fragment was there (RFC 792, RFC 8200): a frame as it arrived, and the callee's
  // to drop.
  template <class Tell>
  void tick(Instant now, Tell tell) {
    for (unsigned n = 0; n < kExpiredPerTick; ++n) {
      Datagram* datagram = expired(now);
      if (datagram == nullptr) return;
      const PortIndex in_port = datagram->in_port;
      if (rte_mbuf* first = give_up(*datagram); first != nullptr) tell(first, in_port);
    }
  }

  // Drops everything as `held_discarded`. How many fragments.
  std::uint32_t discard();
  [[nodiscard]] std::uint32_t held() const { return table_.fragments(); }

 private:
  static constexpr unsigned kExpiredPerTick = 16;

  [[nodiscard]] Reassembled add(rte_mbuf* frame, const FragmentFields& fields, PortIndex in_port,
                                Instant now);
  void make_room(const DatagramKey& key);
  [[nodiscard]] Datagram& open(const DatagramKey& key, Instant now);
  void insert(Datagram& datagram, HeldFragment* next, rte_mbuf* frame, const FragmentFields& fields);
  [[nodiscard]] Reassembled finish(Datagram& datagram);
  [[nodiscard]] Reassembled refuse(Datagram& datagram, DropReason why);
  void drop_fragments(Datagram& datagram, DropReason why);
  void give_way(Datagram& datagram);
  [[nodiscard]] Datagram* expired(Instant now) const;
  [[nodiscard]] rte_mbuf* give_up(Datagram& datagram);

  PacketPool& pool_;
  ReassemblyLimits limits_;
  DatagramTable table_;
};

}  // namespace stillwater::dataplane
