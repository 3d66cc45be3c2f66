// A firewall with NAT between hosts inside and remotes outside that have made themselves known.
#pragma once

#include <optional>
#include <vector>

#include "tests/unit/dataplane/firewall.h"

namespace stillwater::dataplane {

inline constexpr std::uint32_t kPool = ipv4(10, 80, 2, 5);

constexpr std::uint32_t host(unsigned n) { return ipv4(10, 80, 1, 2 + n); }
constexpr std::uint32_t remote(unsigned n) { return ipv4(10, 80, 2, 100 + n); }

struct NatNetwork : Firewall {
  static constexpr unsigned kHosts = 4, kRemotes = 3;

  explicit NatNetwork(unsigned workers = 1) : Firewall(workers) {
    config.output_commit = OutputCommit::none;
    config.neighbours_max = 64;
    config.source_nat = {{.from = {"inside"}, .to = {"outside"}, .address = kPool}};
  }
  // With the region that the configuration asks for by now. The workers stand still afterwards.
  void begin() {
    region::Layout layout;
    Dataplane::add_roots(layout, config);
    region = region::Region::create(layout).value();
    start_and_resume();
    greet_all();
    settle();
    drain();
  }
  void greet_all() {
    for (unsigned n = 0; n < kHosts; ++n) inside.put(arp_request(mac_of_host(n), host(n), kIn));
    for (unsigned n = 0; n < kRemotes; ++n) outside.put(arp_request(mac_of_remote(n), remote(n), kOut));
  }
  static std::uint8_t mac_of_host(unsigned n) { return static_cast<std::uint8_t>(30 + n); }
  static std::uint8_t mac_of_remote(unsigned n) { return static_cast<std::uint8_t>(60 + n); }

  // What leaves once the frame was worked on; none: nothing but ARP.
  std::optional<Bytes> sent_after(const Bytes& frame, RingPort& from, RingPort& to, unsigned queue = 0) {
    from.put(frame, queue);
    dataplane->barrier().resume();
    settle();
    std::optional<Bytes> sent;
    for (Bytes taken; to.take(taken);)
      if (taken.size() > 34 && taken[12] == 0x08 && taken[13] == 0x00) sent = taken;
    return sent;
  }
  std::optional<UdpFlow> out(const UdpFlow& flow, unsigned queue = 0) {
    const auto sent = sent_after(udp_frame(kHostMac, kInMac, flow), inside, outside, queue);
    return sent ? std::optional(flow_of(*sent)) : std::nullopt;
  }
  std::optional<UdpFlow> in(const UdpFlow& flow, unsigned queue = 0) {
    const auto sent = sent_after(udp_frame(kServerMac, kOutMac, flow), outside, inside, queue);
    return sent ? std::optional(flow_of(*sent)) : std::nullopt;
  }
  // From inside to inside.
  std::optional<UdpFlow> across(const UdpFlow& flow, unsigned queue = 0) {
    const auto sent = sent_after(udp_frame(kHostMac, kInMac, flow), inside, inside, queue);
    return sent ? std::optional(flow_of(*sent)) : std::nullopt;
  }
  void drain() {
    for (Bytes taken; inside.take(taken) || outside.take(taken);) {
    }
  }
  std::uint64_t drops_of(const std::string& reason) {
    clock.advance(1s);  // counters reach the region now and then
    dataplane->barrier().resume();
    for (unsigned worker = 0; worker < config.workers; ++worker)
      REQUIRE(eventually([this, worker, before = dataplane->steps(worker).value()] {
        return dataplane->steps(worker).value() >= before + 3;
      }));
    settle();
    return dataplane->drops()[reason];
  }
};

}  // namespace stillwater::dataplane
