#include "dataplane/datapath/fragments/reassembly.h"

#include <optional>

#include "dataplane/datapath/fragments/segments.h"

namespace stillwater::dataplane {
namespace {

using Kind = Reassembled::Kind;

constexpr std::uint8_t kSawNotCapable = 1u << 0, kSawCongested = 1u << 3;

Reassembled refused(const Refusal& refusal) { return {.kind = Kind::refused, .refusal = refusal}; }

bool is_first(const HeldFragment* fragment) { return fragment != nullptr && fragment->begin == 0; }

// Whether it says of the datagram's end what others said.
bool agrees_on_end(const Datagram& datagram, const FragmentFields& fields) {
  if (datagram.total == 0) return fields.more || datagram.end <= fields.end;
  return fields.more ? fields.end < datagram.total : fields.end == datagram.total;
}

// The one in front of which a fragment that begins at `begin` belongs; none: the end. Most come in order.
HeldFragment* place_of(const Datagram& datagram, std::uint32_t begin) {
  if (datagram.end <= begin) return nullptr;
  HeldFragment* fragment;
  TAILQ_FOREACH(fragment, &datagram.fragments, link) {
    if (fragment->end > begin) break;
  }
  return fragment;
}

// `is_last`: with `held` the datagram ends.
bool is_duplicate(const HeldFragment& held, bool is_last, const rte_mbuf& frame,
                  const FragmentFields& fields) {
  return held.begin == fields.begin && held.end == fields.end && is_last == !fields.more &&
         same_bytes(*held.mbuf, held.payload_at, frame, fields.payload_at, fields.bytes());
}

}  // namespace

Reassembly::Reassembly(PacketPool& pool, std::uint32_t secret, const ReassemblyLimits& limits)
    : pool_(pool), limits_(limits), table_(limits.datagrams, limits.fragments, secret) {}

Reassembled Reassembly::add_ipv4(rte_mbuf* frame, PortIndex in_port, Instant now) {
  FragmentFields fields;
  if (const auto refusal = read_ipv4_fragment(*frame, fields)) return refused(*refusal);
  if (fields.is_whole()) return {.kind = Kind::whole, .datagram = frame};
  return add(frame, fields, in_port, now);
}

Reassembled Reassembly::add_ipv6(rte_mbuf* frame, PortIndex in_port, Instant now) {
  FragmentFields fields;
  if (const auto refusal = read_ipv6_fragment(*frame, in_port, fields)) return refused(*refusal);
  if (!fields.is_whole()) return add(frame, fields, in_port, now);
  if (!make_whole_ipv6(*frame, false)) return refused({DropReason::fragment_invalid});
  return {.kind = Kind::whole, .datagram = frame};
}

Reassembled Reassembly::add(rte_mbuf* frame, const FragmentFields& fields, PortIndex in_port, Instant now) {
  make_room(fields.key);
  Datagram* known = table_.find(fields.key);
  Datagram& datagram = known != nullptr ? *known : open(fields.key, now);
  if (datagram.refused) return refused({datagram.why});
  HeldFragment* next = place_of(datagram, fields.begin);
  if (next != nullptr && is_duplicate(*next, datagram.total == next->end, *frame, fields))
    return refused({DropReason::fragment_duplicate});
  if (next != nullptr && next->begin < fields.end) return refuse(datagram, DropReason::fragment_overlap);
  if (!agrees_on_end(datagram, fields)) return refuse(datagram, DropReason::fragment_invalid);
  if (datagram.count == limits_.fragments_of_datagram) return refuse(datagram, DropReason::reassembly_full);

  if (fields.begin == 0) datagram.in_port = in_port;
  insert(datagram, next, frame, fields);
  if (datagram.bytes == datagram.total) return finish(datagram);
  return {.kind = Kind::taken};
}

// For one more fragment. What gives way may be the very datagram that it belongs to.
void Reassembly::make_room(const DatagramKey& key) {
  const DatagramTable::Source& source = table_.source_of(key);
  while (source.fragments_count >= limits_.fragments_of_source()) give_way(*TAILQ_FIRST(&source.datagrams));
  while (!table_.has_room_for_fragment()) give_way(*table_.oldest());
}

Datagram& Reassembly::open(const DatagramKey& key, Instant now) {
  const DatagramTable::Source& source = table_.source_of(key);
  if (source.datagrams_count >= limits_.datagrams_of_source()) give_way(*TAILQ_FIRST(&source.datagrams));
  if (!table_.has_room_for_datagram()) give_way(*table_.oldest());
  return table_.open(key, now);
}

// The first one keeps its headers: they become the datagram's, and errors quote them.
void Reassembly::insert(Datagram& datagram, HeldFragment* next, rte_mbuf* frame,
                        const FragmentFields& fields) {
  const bool first = fields.begin == 0;
  if (!first) rte_pktmbuf_adj(frame, fields.payload_at);
  table_.insert(datagram, next,
                {.link = {},
                 .mbuf = frame,
                 .begin = fields.begin,
                 .end = fields.end,
                 .payload_at = first ? fields.payload_at : std::uint16_t{0}});
  pool_.agent().hold(1);
  datagram.ecn_seen = static_cast<std::uint8_t>(datagram.ecn_seen | 1u << fields.ecn);
  if (!fields.more) datagram.total = fields.end;
}

// RFC 3168 section 5.3: what one fragment met, the datagram met; but a sender that knows of no congestion
// marks cannot have had one.
Reassembled Reassembly::finish(Datagram& datagram) {
  const bool congested = (datagram.ecn_seen & kSawCongested) != 0;
  if (congested && (datagram.ecn_seen & kSawNotCapable) != 0) {
    drop_fragments(datagram, DropReason::fragment_invalid);
    table_.close(datagram);
    return {.kind = Kind::taken};
  }
  const std::uint32_t count = datagram.count;
  rte_mbuf* whole = table_.take_first(datagram).mbuf;
  bool fits = true;
  while (datagram.count != 0) {
    rte_mbuf* part = table_.take_first(datagram).mbuf;
    if (rte_pktmbuf_chain(whole, part) == 0) continue;
    rte_pktmbuf_free(part);
    fits = false;
  }
  pool_.agent().unhold(count);
  pool_.agent().join(count - 1);
  fits = fits && (datagram.key.version == 4 ? make_whole_ipv4(*whole, congested)
                                            : make_whole_ipv6(*whole, congested));
  table_.close(datagram);
  if (fits) return {.kind = Kind::whole, .datagram = whole};
  pool_.drop(whole, DropReason::fragment_invalid);
  return {.kind = Kind::taken};
}

// The datagram with all its fragments; the newest one is still the caller's.
Reassembled Reassembly::refuse(Datagram& datagram, DropReason why) {
  drop_fragments(datagram, why);
  datagram.refused = true;
  datagram.why = why;
  return refused({why});
}

void Reassembly::drop_fragments(Datagram& datagram, DropReason why) {
  pool_.agent().unhold(datagram.count);
  while (datagram.count != 0) pool_.drop(table_.take_first(datagram).mbuf, why);
}

void Reassembly::give_way(Datagram& datagram) {
  drop_fragments(datagram, DropReason::reassembly_full);
  table_.close(datagram);
}

Datagram* Reassembly::expired(Instant now) const {
  Datagram* datagram = table_.oldest_of(4);
  if (datagram != nullptr && now - datagram->since >= kIpv4Timeout) return datagram;
  datagram = table_.oldest_of(6);
  if (datagram != nullptr && now - datagram->since >= kIpv6Timeout) return datagram;
  return nullptr;
}

rte_mbuf* Reassembly::give_up(Datagram& datagram) {
  rte_mbuf* first = nullptr;
  if (is_first(TAILQ_FIRST(&datagram.fragments))) {
    first = table_.take_first(datagram).mbuf;
    pool_.agent().unhold(1);
  }
  drop_fragments(datagram, DropReason::reassembly_timeout);
  table_.close(datagram);
  return first;
}

void Reassembly::copy_datagram_of(rte_mbuf& fragment, PortIndex in_port, Reassembly& to) {
  FragmentFields fields;
  const auto* ether = rte_pktmbuf_mtod(&fragment, const rte_ether_hdr*);
  const bool is_v4 = ether->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
  const auto refusal =
      is_v4 ? read_ipv4_fragment(fragment, fields) : read_ipv6_fragment(fragment, in_port, fields);
  if (refusal || fields.is_whole()) return;
  const Datagram* here = table_.find(fields.key);
  if (here == nullptr) return;
  Datagram& copy = to.table_.open(fields.key, here->since);
  copy.total = here->total;
  copy.ecn_seen = here->ecn_seen;
  copy.refused = here->refused;
  copy.why = here->why;
  copy.in_port = here->in_port;
  const HeldFragment* held;
  TAILQ_FOREACH(held, &here->fragments, link) {
    rte_mbuf* mbuf = to.pool_.copy(*held->mbuf);
    if (mbuf == nullptr) return to.give_way(copy);
    to.pool_.agent().hold(1);
    to.table_.insert(
        copy, nullptr,
        {.link = {}, .mbuf = mbuf, .begin = held->begin, .end = held->end, .payload_at = held->payload_at});
  }
}

std::uint32_t Reassembly::discard() {
  const std::uint32_t fragments = held();
  for (Datagram* datagram = table_.oldest(); datagram != nullptr; datagram = table_.oldest()) {
    drop_fragments(*datagram, DropReason::held_discarded);
    table_.close(*datagram);
  }
  return fragments;
}

}  // namespace stillwater::dataplane
