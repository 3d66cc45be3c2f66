#include "tests/bench/packet_flood.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/if_packet.h>
#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/datapath/checksum.h"
#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"
#include "tests/rig/topology/space.h"
#include "tests/rig/wire/packet_socket.h"

namespace stillwater::bench {
namespace {

constexpr std::size_t kBatch = 64;

struct Frame {
  rte_ether_hdr ether;
  rte_ipv4_hdr ip;
  rte_udp_hdr udp;
  std::uint8_t data[18];
} __attribute__((packed, aligned(2)));
static_assert(sizeof(Frame) == 60);

Frame frame_of(std::uint32_t flow) {
  Frame frame{};
  frame.ether.dst_addr = kVirtualMac[kInside];
  frame.ether.src_addr = kPeerMac[kInside];
  frame.ether.ether_type = htons(RTE_ETHER_TYPE_IPV4);
  frame.ip.version_ihl = RTE_IPV4_VHL_DEF;
  frame.ip.total_length = htons(sizeof(Frame) - sizeof(rte_ether_hdr));
  frame.ip.time_to_live = 64;
  frame.ip.next_proto_id = IPPROTO_UDP;
  frame.ip.src_addr = htonl(client_of(flow));
  frame.ip.dst_addr = htonl(kServerHost);
  frame.ip.hdr_checksum = dataplane::checksum_of(&frame.ip, sizeof(frame.ip));
  frame.udp.src_port = htons(client_port_of(flow));
  frame.udp.dst_port = htons(kServerPort);
  frame.udp.dgram_len = htons(sizeof(rte_udp_hdr) + sizeof(frame.data));
  return frame;
}

}  // namespace

Result<PacketFlood> PacketFlood::into(int space_fd, const std::string& interface) {
  UniqueFd socket;
  const Status opened = rig::inside_space(space_fd, [&]() -> Status {
    auto made = rig::sending_packet_socket(interface);
    if (!made) return tl::unexpected(made.error());
    const int on = 1;
    if (setsockopt(made->get(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
      return fail_errno("a packet socket cannot pass its queues by", errno);
    socket = std::move(*made);
    return {};
  });
  if (!opened) return tl::unexpected(opened.error());
  return PacketFlood(std::move(socket));
}

PacketFlood::PacketFlood(UniqueFd socket)
    : socket_(std::move(socket)), frames_(kFlows * sizeof(Frame)), parts_(kFlows), messages_(kFlows) {
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
    const Frame frame = frame_of(flow);
    std::uint8_t* to = &frames_[flow * sizeof(Frame)];
    std::memcpy(to, &frame, sizeof(frame));
    parts_[flow] = {to, sizeof(frame)};
    messages_[flow].msg_hdr.msg_iov = &parts_[flow];
    messages_[flow].msg_hdr.msg_iovlen = 1;
  }
}

// What the link refuses is offered again.
std::uint64_t PacketFlood::send(Instant until) {
  std::uint64_t sent = 0;
  for (const BootClock clock; clock.now() < until;) {
    const std::size_t count = std::min(kBatch, kFlows - next_);
    const int taken = sendmmsg(socket_.get(), &messages_[next_], static_cast<unsigned>(count), 0);
    if (taken <= 0) continue;
    sent += static_cast<std::uint64_t>(taken);
    next_ = (next_ + static_cast<std::size_t>(taken)) % kFlows;
  }
  return sent;
}

}  // namespace stillwater::bench
