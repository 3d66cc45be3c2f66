// The load of established sessions: each has its turn, and what its segments say could be true.
#include "tests/bench/session_source.h"

#include <map>
#include <memory>
#include <vector>

#include <arpa/inet.h>

#include <catch2/catch.hpp>

#include "dataplane/datapath/checksum.h"
#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"
#include "tests/unit/bench/frame_buffer.h"

namespace stillwater::bench {
namespace {

using test::FrameBuffer;

constexpr std::uint32_t kSessions = 700;

// What one side has sent of a session, by the client's port.
struct Sent {
  std::uint32_t next = SessionSource::kFirstNumber;
};

struct Sides {
  Random random;
  std::shared_ptr<SessionSource::Rounds> rounds = std::make_shared<SessionSource::Rounds>();
  std::unique_ptr<SessionSource> sources[2] = {
      std::make_unique<SessionSource>(kInside, kSessions, rounds, random),
      std::make_unique<SessionSource>(kOutside, kSessions, rounds, random)};

  FrameBuffer next(unsigned side) {
    FrameBuffer buffer;
    rte_mbuf* packet = &buffer.packet();
    sources[side]->write(&packet, 1);
    return buffer;
  }
};

std::map<std::uint16_t, std::uint32_t> sessions_by_port(unsigned side) {
  std::map<std::uint16_t, std::uint32_t> sessions;
  for (std::uint32_t i = 0; i < kSessions; ++i)
    sessions[side == kInside ? client_port_of(i) : nat_port_of(i)] = i;
  return sessions;
}

}  // namespace

TEST_CASE("segments go on where the last of their session ended, and acknowledge what was sent") {
  Sides sides;
  const std::map<std::uint16_t, std::uint32_t> sessions[2] = {sessions_by_port(kInside),
                                                              sessions_by_port(kOutside)};
  std::vector<Sent> sent[2] = {std::vector<Sent>(kSessions), std::vector<Sent>(kSessions)};
  Random random;
  for (unsigned i = 0; i < 20 * kSessions; ++i) {
    const unsigned side = random() % 2;
    FrameBuffer buffer = sides.next(side);
    const TcpFrame& frame = buffer.frame();
    const TcpTuple tuple = buffer.tuple();
    const std::uint16_t port_be = side == kInside ? tuple.source_port_be : tuple.destination_port_be;
    const std::uint32_t session = sessions[side].at(ntohs(port_be));
    Sent& own = sent[side][session];
    const std::uint32_t sequence = ntohl(frame.tcp.sent_seq);
    const std::uint32_t acknowledged = ntohl(frame.tcp.recv_ack);
    if (sequence != own.next) FAIL("session " << session << " does not go on");
    if (acknowledged > sent[1 - side][session].next) FAIL("acknowledges what nobody sent");
    own.next += TcpFrame::kDataBytesMax;
  }
  for (const auto& side : sent)
    for (const Sent& session : side)
      if (session.next < SessionSource::kFirstNumber + 8 * TcpFrame::kDataBytesMax) FAIL("one was left out");
}

TEST_CASE("frames are whole: 64 octets with their CRC, a valid header, the translated tuple") {
  Sides sides;
  for (const unsigned side : {kInside, kOutside}) {
    FrameBuffer buffer = sides.next(side);
    const TcpFrame& frame = buffer.frame();
    CHECK(buffer.packet().data_len == 60);
    CHECK(buffer.packet().pkt_len == 60);
    CHECK(dataplane::sum_words(&frame.ip, sizeof(frame.ip)) == 0xffff);
    CHECK(ntohs(frame.ip.total_length) == 46);
    const TcpTuple tuple = buffer.tuple();
    CHECK(tuple.destination_be == htonl(side == kInside ? kServerHost : kFirstNatAddress));
    CHECK(tuple.source_be == htonl(side == kInside ? kClientNet + 1 : kServerHost));
    CHECK(tcp_frame_in(buffer.packet()) == &frame);
  }
}

TEST_CASE("sessions have addresses and ports of their own behind the translation") {
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint32_t> seen;
  for (std::uint32_t i = 0; i < 3 * kPortsOfClient; ++i) {
    const region::FlowKey reply = translated_reply_key(i);
    if (reply.destination_port_be == forward_key(i).source_port_be) FAIL("the port is not translated");
    const auto key = std::pair(reply.destination_be, reply.destination_port_be);
    if (!seen.emplace(key, i).second) FAIL("two sessions answer to one address and port");
  }
  CHECK(seen.size() == 3 * kPortsOfClient);
}

}  // namespace stillwater::bench
