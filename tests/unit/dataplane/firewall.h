// A dataplane between two ring ports: a firewall with source NAT, its clock and its epochs in the test's
// hand.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>

#include <catch2/catch.hpp>

#include "dataplane/dataplane.h"
#include "tests/unit/dataplane/frames.h"

namespace stillwater::dataplane {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return Nanos(now_.load()); }
  void advance(Nanos by) { now_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> now_{Nanos(1000s).count()};
};

inline constexpr std::uint32_t kHost = ipv4(10, 80, 1, 2), kServer = ipv4(10, 80, 2, 2),
                               kIn = ipv4(10, 80, 1, 1), kOut = ipv4(10, 80, 2, 1);
inline constexpr std::uint8_t kInMac = 1, kOutMac = 2, kHostMac = 11, kServerMac = 22;

inline Config firewall_config(const std::string& inside, const std::string& outside) {
  const auto port = [](const char* name, const std::string& device, std::uint8_t last,
                       std::uint32_t address) {
    PortConfig config;
    config.name = name;
    config.device = device;
    config.mac = {0x02, 0x53, 0x57, 0, 0, last};
    config.addresses = {{address, 24}};
    config.rx_descriptors = config.tx_descriptors = 64;
    return config;
  };
  Config config;
  config.sessions_max = 256;
  config.neighbours_max = 16;
  config.hold_packets_max = 16;
  config.idle = IdleStrategy::pause;
  config.ports = {port("inside", inside, kInMac, kIn), port("outside", outside, kOutMac, kOut)};
  config.rules = {{.id = 10, .action = RuleAction::allow, .from = {"inside"}, .to = {"outside"}}};
  config.source_nat = {{.from = {"inside"}, .to = {"outside"}, .address = kOut}};
  return config;
}

struct Firewall {
  explicit Firewall(unsigned workers = 1)
      : inside(buffers, workers),
        outside(buffers, workers),
        config(firewall_config(inside.device(), outside.device())) {
    config.workers = workers;
    region::Layout layout;
    Dataplane::add_roots(layout, config);
    region = region::Region::create(layout).value();
  }
  ~Firewall() { dataplane.reset(); }

  // The workers wait at the barrier afterwards.
  void start(const Clock& with) {
    permit.set_until(TransmitPermit::kForever);
    auto made = Dataplane::create(config, *region, epochs, permit, with);
    if (!made) FAIL(made.error().message);
    dataplane = std::move(*made);
    const Status started = dataplane->start();
    if (!started) FAIL(started.error().message);
  }
  void start_and_resume() {
    start(clock);
    dataplane->barrier().resume();
  }

  // Host and server make themselves known, and are answered.
  void greet() {
    inside.put(arp_request(kHostMac, kHost, kIn));
    outside.put(arp_request(kServerMac, kServer, kOut));
    Bytes answer;
    REQUIRE(eventually([&] { return inside.take(answer); }));
    REQUIRE(eventually([&] { return outside.take(answer); }));
  }
  void query(std::uint16_t port = 4000) {
    inside.put(udp_frame(kHostMac, kInMac, {kHost, kServer, port, 53}));
  }
  void reply(std::uint16_t port = 4000) {
    outside.put(udp_frame(kServerMac, kOutMac, {kServer, kOut, 53, port}));
  }
  // The next UDP packet that a port sends.
  [[nodiscard]] UdpFlow sent_by(RingPort& port) {
    Bytes frame;
    REQUIRE(eventually([&] { return port.take(frame) && is_udp(frame); }));
    return flow_of(frame);
  }
  // Everything that arrived was worked on, and the worker stands still.
  void settle() {
    REQUIRE(eventually([&] { return inside.waiting() == 0 && outside.waiting() == 0; }));
    REQUIRE(dataplane->barrier().quiesce(5s));
  }
  void next_turns() {
    const std::uint64_t until = dataplane->turns() + 3;
    REQUIRE(eventually([&] { return dataplane->turns() >= until; }));
  }

  TestBuffers buffers;
  RingPort inside, outside;
  ManualClock clock;
  CommittedEpoch epochs;
  TransmitPermit permit;
  Config config;
  std::unique_ptr<region::Region> region;
  std::unique_ptr<Dataplane> dataplane;
};

}  // namespace stillwater::dataplane
