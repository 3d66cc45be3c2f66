// A reassembly with its clock and its packets in the test's hand.
#pragma once

#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dataplane/datapath/fragments/reassembly.h"
#include "tests/unit/dataplane/ip_frames.h"

namespace stillwater::dataplane {

struct Assembler : Buffers {
  using Kind = Reassembled::Kind;
  static constexpr std::uint32_t kSecret = 0x5eed;

  explicit Assembler(const ReassemblyLimits& limits = {}) : reassembly(pool, kSecret, limits) {}

  // A whole datagram's bytes are put into `datagram`. What is refused is dropped, as a node does.
  Kind add(const Bytes& bytes, PortIndex port = 0, std::size_t segment_bytes = RTE_MBUF_DEFAULT_DATAROOM) {
    return add(frame(bytes, segment_bytes), ipv4_header(bytes).version_ihl >> 4 == 4, port);
  }
  Kind add(rte_mbuf* mbuf, bool is_ipv4, PortIndex port) {
    const Reassembled result =
        is_ipv4 ? reassembly.add_ipv4(mbuf, port, now) : reassembly.add_ipv6(mbuf, port, now);
    CHECK(agent.held() == reassembly.held());
    CHECK(agent.in_flight() == agent.held() + (result.kind == Kind::taken ? 0u : 1u));
    refusal = result.refusal;
    if (result.kind == Kind::refused) pool.drop(mbuf, result.refusal.why);
    if (result.kind != Kind::whole) return result.kind;
    const char* what_is_wrong = "";
    CHECK(rte_mbuf_check(result.datagram, 1, &what_is_wrong) == 0);
    datagram = bytes_of(*result.datagram);
    CHECK(datagram.size() == result.datagram->pkt_len);
    free(result.datagram);
    return result.kind;
  }
  Kind add(const Ipv4Packet& packet, PortIndex port = 0) { return add(frame_of(packet), port); }
  Kind add(const Ipv6Packet& packet, PortIndex port = 0) { return add(frame_of(packet), port); }

  // What has expired by then: the first fragments with their ports.
  std::vector<std::pair<Bytes, PortIndex>> wait(Nanos time) {
    now += time;
    std::vector<std::pair<Bytes, PortIndex>> told;
    std::uint32_t before = 0;
    do {
      before = reassembly.held();
      reassembly.tick(now, [&](rte_mbuf* first, PortIndex port) {
        CHECK(agent.in_flight() > agent.held());
        told.emplace_back(bytes_of(*first), port);
        pool.drop(first, DropReason::reassembly_timeout);
      });
    } while (reassembly.held() != before);
    CHECK(agent.in_flight() == agent.held());
    return told;
  }

  Reassembly reassembly;
  Instant now{1000s};
  Bytes datagram;
  Refusal refusal{};
};

}  // namespace stillwater::dataplane
