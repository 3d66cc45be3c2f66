// Fragments that hosts may send: hostile ones against a model of what they make, and frames that are noise.
#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/fragments/fragment.h"
#include "dataplane/datapath/fragments/reassembly.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/fragments_model.h"
#include "tests/fuzz/input.h"
#include "tests/unit/dpdk/eal_once.h"

namespace stillwater::fuzz {
namespace {

using dataplane::DropReason;
using dataplane::PortIndex;
using dataplane::Reassembled;
using dataplane::ReassemblyLimits;

rte_mempool* buffers() {
  static rte_mempool* const pool = [] {
    dataplane::need_eal();
    return rte_pktmbuf_pool_create("fuzz", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  }();
  expect(pool != nullptr, "there is memory to fuzz in");
  return pool;
}

// In memory of exactly that size, so that a read past the end is found.
rte_mbuf* segment_of(const std::uint8_t* bytes, std::size_t n) {
  struct Memory {
    std::unique_ptr<std::uint8_t[]> bytes;
    rte_mbuf_ext_shared_info shared;
  };
  auto* memory = new Memory{std::make_unique<std::uint8_t[]>(n), {}};
  std::copy_n(bytes, n, memory->bytes.get());
  memory->shared.free_cb = [](void*, void* opaque) { delete static_cast<Memory*>(opaque); };
  memory->shared.fcb_opaque = memory;
  rte_mbuf_ext_refcnt_set(&memory->shared, 1);
  rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers());
  expect(mbuf != nullptr, "there are enough buffers for an input");
  const auto size = static_cast<std::uint16_t>(n);
  rte_pktmbuf_attach_extbuf(mbuf, memory->bytes.get(), RTE_BAD_IOVA, size, &memory->shared);
  mbuf->data_off = 0;
  mbuf->data_len = size;
  mbuf->pkt_len = size;
  return mbuf;
}

rte_mbuf* frame_of(const Octets& bytes, std::size_t segment_bytes) {
  constexpr std::size_t kSegmentsMax = 32;
  segment_bytes = std::max(segment_bytes, bytes.size() / kSegmentsMax + 1);
  rte_mbuf* frame = nullptr;
  for (std::size_t at = 0; at < bytes.size(); at += segment_bytes) {
    rte_mbuf* segment = segment_of(&bytes[at], std::min(segment_bytes, bytes.size() - at));
    if (frame == nullptr)
      frame = segment;
    else
      expect(rte_pktmbuf_chain(frame, segment) == 0, "a frame has few segments");
  }
  return frame;
}

Octets bytes_of(const rte_mbuf& frame) {
  Octets bytes;
  for (const rte_mbuf* segment = &frame; segment != nullptr; segment = segment->next) {
    const auto* data = rte_pktmbuf_mtod(segment, const std::uint8_t*);
    bytes.insert(bytes.end(), data, data + segment->data_len);
  }
  expect(bytes.size() == frame.pkt_len, "a frame is as long as its segments");
  return bytes;
}

template <class Header>
void append(Octets& to, const Header& header) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header);
  to.insert(to.end(), bytes, bytes + sizeof(header));
}

struct Choice {
  bool is_ipv4;
  std::uint8_t source;
  std::uint8_t identification;
  DatagramModel::Fragment fragment;
};

Octets ipv4_frame(const Choice& choice) {
  rte_ipv4_hdr ip{};
  ip.version_ihl = RTE_IPV4_VHL_DEF;
  ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(ip) + choice.fragment.bytes.size()));
  ip.packet_id = choice.identification;
  ip.fragment_offset = rte_cpu_to_be_16(
      static_cast<std::uint16_t>(choice.fragment.begin / 8 | (choice.fragment.more ? 0x2000u : 0u)));
  ip.src_addr = choice.source;
  ip.hdr_checksum = dataplane::checksum_of(&ip, sizeof(ip));
  Octets frame(RTE_ETHER_HDR_LEN);
  append(frame, ip);
  return frame;
}

Octets ipv6_frame(const Choice& choice) {
  rte_ipv6_hdr ip{};
  ip.vtc_flow = rte_cpu_to_be_32(6u << 28);
  ip.proto = IPPROTO_FRAGMENT;
  ip.src_addr[0] = 0x20;
  ip.src_addr[15] = choice.source;
  rte_ipv6_fragment_ext extension{};
  extension.next_header = IPPROTO_NONE;
  extension.frag_data =
      rte_cpu_to_be_16(static_cast<std::uint16_t>(choice.fragment.begin | (choice.fragment.more ? 1u : 0u)));
  extension.id = choice.identification;
  ip.payload_len =
      rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(extension) + choice.fragment.bytes.size()));
  Octets frame(RTE_ETHER_HDR_LEN);
  append(frame, ip);
  append(frame, extension);
  return frame;
}

Octets frame_of(const Choice& choice) {
  Octets frame = choice.is_ipv4 ? ipv4_frame(choice) : ipv6_frame(choice);
  frame.insert(frame.end(), choice.fragment.bytes.begin(), choice.fragment.bytes.end());
  return frame;
}

// Most of them fit to others, so that datagrams become whole.
Choice choose(Input& input) {
  const std::uint8_t who = input.value();
  const std::uint8_t shape = input.value();
  Choice choice{.is_ipv4 = (who & 1) != 0,
                .source = static_cast<std::uint8_t>(1 + (who >> 1 & 1)),
                .identification = static_cast<std::uint8_t>(who >> 2 & 3),
                .fragment = {.begin = (shape & 7u) * 8, .bytes = {}, .more = (shape & 8) != 0}};
  std::size_t bytes = (1 + (shape >> 4 & 3)) * std::size_t{8};
  if (shape >> 6 == 3) {
    const auto far = input.value<std::uint16_t>();
    choice.fragment.begin = far & ~7u;
    bytes = input.value() + (input.rarely() ? std::size_t{256} * (far & 7) : 0);
  }
  choice.fragment.bytes.resize(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    choice.fragment.bytes[i] = static_cast<std::uint8_t>((choice.fragment.begin + i) * 131 >> 3);
  if (shape >> 6 == 2 && bytes != 0) choice.fragment.bytes[input.value() % bytes] ^= input.value();
  return choice;
}

class World {
 public:
  explicit World(const ReassemblyLimits& limits) : limits_(limits), reassembly_(pool_, 1, limits) {}
  ~World() {
    reassembly_.discard();
    expect(agent_.in_flight() == 0 && agent_.held() == 0, "the account of packets is right");
    expect(rte_mempool_in_use_count(buffers()) == 0, "no buffer leaks");
  }

 protected:
  // A datagram's bytes are put into `whole_`. In segments, but the headers are in the first.
  Reassembled::Kind add(Input& input, const Octets& bytes, bool is_ipv4, std::size_t first_bytes) {
    const std::size_t segment_bytes = input.rarely() ? first_bytes + input.value() : bytes.size();
    rte_mbuf* frame = frame_of(bytes, segment_bytes);
    agent_.adopt(1);
    const Reassembled result =
        is_ipv4 ? reassembly_.add_ipv4(frame, 0, now_) : reassembly_.add_ipv6(frame, 0, now_);
    if (result.kind == Reassembled::Kind::refused) pool_.drop(frame, result.refusal.why);
    if (result.kind == Reassembled::Kind::whole) {
      frame = result.datagram;
      whole_ = bytes_of(*frame);
      agent_.free(&frame, 1);
    }
    expect(agent_.in_flight() == agent_.held(), "what is in flight is held");
    expect(agent_.held() == reassembly_.held(), "what is held is declared");
    expect(reassembly_.held() <= limits_.fragments, "the room is bounded");
    return result.kind;
  }

  // How many first fragments were handed out.
  unsigned wait(Input& input) {
    now_ += std::chrono::seconds(input.below(40));
    unsigned told = 0;
    for (unsigned ticks = 0; ticks < 8; ++ticks)
      reassembly_.tick(now_, [&](rte_mbuf* first, PortIndex) {
        ++told;
        pool_.drop(first, DropReason::reassembly_timeout);
      });
    return told;
  }

  ReassemblyLimits limits_;
  quiesce::WorkerGate gate_;
  quiesce::InterfaceAgent agent_{gate_, {}};
  dataplane::PacketPool pool_{agent_, buffers()};
  dataplane::Reassembly reassembly_;
  Instant now_{1000s};
  Octets whole_;
};

// Frames are right in themselves. There is room for all that an input can hold.
class HostileWorld : World {
 public:
  HostileWorld() : World({.datagrams = 128, .fragments = 2000, .fragments_of_datagram = 64}) {}

  void step(Input& input) {
    const std::uint8_t act = input.value();
    if (act == 0) {
      expect(reassembly_.discard() == held(), "a fence takes everything");
      datagrams_.clear();
    } else if (act < 8) {
      expect(wait(input) == expire(), "the first fragments of what expired are told of");
    } else {
      add_one(input);
    }
    expect(reassembly_.held() == held(), "what is held is what the model holds");
  }

 private:
  struct Entry {
    DatagramModel model;
    Instant since;
  };
  using Key = std::tuple<bool, std::uint8_t, std::uint8_t>;

  void add_one(Input& input) {
    const Choice choice = choose(input);
    const DatagramModel::Fragment& fragment = choice.fragment;
    const std::size_t header_bytes = RTE_ETHER_HDR_LEN + (choice.is_ipv4 ? 20u : 48u);
    const Reassembled::Kind kind = add(input, frame_of(choice), choice.is_ipv4, header_bytes);
    if (fragment.begin == 0 && !fragment.more) {
      expect(kind == Reassembled::Kind::whole, "a datagram comes back at once");
      return check_whole(choice.is_ipv4, fragment.bytes);
    }
    if (fragment.bytes.empty() || (fragment.more && fragment.bytes.size() % 8 != 0) ||
        fragment.end() + (choice.is_ipv4 ? 20u : 0u) > UINT16_MAX)
      return expect(kind == Reassembled::Kind::refused, "what no datagram can have is refused");

    const Key key{choice.is_ipv4, choice.source, choice.identification};
    Entry& entry = datagrams_.try_emplace(key, Entry{{}, now_}).first->second;
    const auto fate = entry.model.add(fragment, limits_.fragments_of_datagram);
    expect((fate == DatagramModel::Fate::whole) == (kind == Reassembled::Kind::whole) &&
               (fate == DatagramModel::Fate::refused) == (kind == Reassembled::Kind::refused),
           "a fragment is taken, makes a datagram whole or is refused as the model says");
    if (fate != DatagramModel::Fate::whole) return;
    check_whole(choice.is_ipv4, entry.model.payload());
    datagrams_.erase(key);
  }

  void check_whole(bool is_ipv4, const Octets& payload) const {
    const auto* packet = &whole_[RTE_ETHER_HDR_LEN];
    const std::size_t headers = RTE_ETHER_HDR_LEN + (is_ipv4 ? sizeof(rte_ipv4_hdr) : sizeof(rte_ipv6_hdr));
    expect(Octets(whole_.begin() + static_cast<std::ptrdiff_t>(headers), whole_.end()) == payload,
           "a datagram is what its fragments carried");
    if (is_ipv4) {
      const auto& ip = *reinterpret_cast<const rte_ipv4_hdr*>(packet);
      expect(rte_be_to_cpu_16(ip.total_length) == sizeof(ip) + payload.size(), "its length is right");
      expect(ip.fragment_offset == 0, "it is no fragment");
      expect(dataplane::sum_words(&ip, sizeof(ip)) == 0xffff, "its checksum is right");
    } else {
      const auto& ip = *reinterpret_cast<const rte_ipv6_hdr*>(packet);
      expect(rte_be_to_cpu_16(ip.payload_len) == payload.size(), "its length is right");
      expect(ip.proto == IPPROTO_NONE, "it is no fragment");
    }
  }

  unsigned expire() {
    unsigned told = 0;
    std::erase_if(datagrams_, [&](const auto& item) {
      const bool over = now_ - item.second.since >= (std::get<0>(item.first) ? 30s : 60s);
      told += over && item.second.model.has_first() ? 1 : 0;
      return over;
    });
    return told;
  }

  [[nodiscard]] std::size_t held() const {
    std::size_t sum = 0;
    for (const auto& [key, entry] : datagrams_) sum += entry.model.held();
    return sum;
  }

  std::map<Key, Entry> datagrams_;
};

// Frames with wrong bytes, in little room; and cut ones.
class NoisyWorld : World {
 public:
  NoisyWorld() : World({.datagrams = 5, .fragments = 12, .fragments_of_datagram = 6}) {}

  void step(Input& input) {
    const std::uint8_t act = input.value();
    if (act < 8) {
      (void)wait(input);
      return;
    }
    const Choice choice = choose(input);
    Octets frame = frame_of(choice);
    for (unsigned flips = act & 3; flips > 0; --flips) frame[input.value() % frame.size()] ^= input.value();
    if ((act & 12) == 12) frame.resize(1 + input.value(), input.value());
    if ((act & 48) == 48) return cut(input, frame, choice.is_ipv4);
    if (add(input, frame, choice.is_ipv4, 0) != Reassembled::Kind::whole) return;
    check_lengths(whole_, choice.is_ipv4);
  }

 private:
  static void check_lengths(const Octets& frame, bool is_ipv4) {
    const auto* packet = &frame[RTE_ETHER_HDR_LEN];
    const std::size_t says =
        is_ipv4 ? rte_be_to_cpu_16(reinterpret_cast<const rte_ipv4_hdr*>(packet)->total_length)
                : sizeof(rte_ipv6_hdr) +
                      rte_be_to_cpu_16(reinterpret_cast<const rte_ipv6_hdr*>(packet)->payload_len);
    expect(frame.size() == RTE_ETHER_HDR_LEN + says, "a packet is as long as it says");
  }

  void cut(Input& input, const Octets& bytes, bool is_ipv4) {
    const auto mtu = static_cast<std::uint16_t>(input.value<std::uint16_t>() % 2100);
    rte_mbuf* frame = frame_of(bytes, input.rarely() ? input.value() : bytes.size());
    agent_.adopt(1);
    dataplane::Fragments fragments;
    const auto why = is_ipv4 ? fragment_ipv4(pool_, *frame, mtu, fragments)
                             : fragment_ipv6(pool_, *frame, mtu, 1, fragments);
    expect(bytes_of(*frame) == bytes, "a packet that is cut stays as it was");
    expect(why.has_value() == (fragments.count == 0), "all fragments are made, or none");
    for (const rte_mbuf* fragment : fragments) {
      expect(fragment->pkt_len <= RTE_ETHER_HDR_LEN + unsigned{mtu}, "a fragment fits the link");
      check_lengths(bytes_of(*fragment), is_ipv4);
    }
    agent_.free(fragments.begin(), static_cast<std::uint16_t>(fragments.count));
    agent_.free(&frame, 1);
  }
};

template <class Kind>
void live(Input& input) {
  Kind world;
  while (!input.empty()) world.step(input);
}

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes) {
  using namespace stillwater::fuzz;
  Input input(data, bytes);
  if (input.value() % 4 != 0)
    live<HostileWorld>(input);
  else
    live<NoisyWorld>(input);
  return 0;
}
