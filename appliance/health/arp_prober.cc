#include "appliance/health/arp_prober.h"

#include <algorithm>
#include <cstring>

#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace stillwater::appliance {
namespace {

struct ArpFrame {
  ether_header ethernet;
  ether_arp arp;
} __attribute__((packed));
static_assert(sizeof(ArpFrame) == 42);

constexpr unsigned kFramesMax = 256;  // looked at for one answer: others' may be many

}  // namespace

Result<ArpProber> ArpProber::open(const std::string& interface,
                                  const std::array<std::uint8_t, 6>& virtual_mac) {
  return open_packet_socket(interface, ETHERTYPE_ARP, virtual_mac).map([](PacketSocket socket) {
    return ArpProber(std::move(socket));
  });
}

void ArpProber::probe(std::uint32_t address) {
  ArpFrame frame{};
  std::fill_n(frame.ethernet.ether_dhost, ETH_ALEN, std::uint8_t{0xff});
  std::copy_n(socket_.mac.data(), ETH_ALEN, frame.ethernet.ether_shost);
  frame.ethernet.ether_type = htons(ETHERTYPE_ARP);
  frame.arp.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
                      .ar_pro = htons(ETHERTYPE_IP),
                      .ar_hln = ETH_ALEN,
                      .ar_pln = sizeof(address),
                      .ar_op = htons(ARPOP_REQUEST)};
  std::copy_n(socket_.mac.data(), ETH_ALEN, frame.arp.arp_sha);
  const std::uint32_t target = htonl(address);
  std::memcpy(frame.arp.arp_tpa, &target, sizeof(target));
  send(socket_.fd.get(), &frame, sizeof(frame), MSG_NOSIGNAL);
}

std::optional<std::uint32_t> ArpProber::take_answer() {
  for (unsigned frames = 0; frames < kFramesMax; ++frames) {
    ArpFrame frame;
    const ssize_t got = recv(socket_.fd.get(), &frame, sizeof(frame), MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) return std::nullopt;
    if (static_cast<std::size_t>(got) < sizeof(frame) || frame.arp.ea_hdr.ar_op != htons(ARPOP_REPLY) ||
        frame.arp.ea_hdr.ar_pro != htons(ETHERTYPE_IP) ||
        !std::equal(socket_.mac.begin(), socket_.mac.end(), frame.ethernet.ether_dhost))
      continue;
    std::uint32_t sender;
    std::memcpy(&sender, frame.arp.arp_spa, sizeof(sender));
    return ntohl(sender);
  }
  return std::nullopt;
}

}  // namespace stillwater::appliance
