// The dataplane of a node that does not serve, and what it does when it begins to.
#include <algorithm>
#include <cstring>
#include <vector>

#include "ckpt_engine/region/dirty_lines.h"
#include "tests/unit/dataplane/firewall.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

std::vector<std::byte> copy_of(const region::Region& region) {
  return {region.base(), region.base() + region.size()};
}

unsigned count_announcements(RingPort& port) {
  unsigned count = 0;
  for (Bytes frame; port.take(frame);) count += frame[12] == 0x08 && frame[13] == 0x06 ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("Q3: while quiesced nothing is received, sent or written") {
  Firewall f;
  f.start(f.clock);
  const std::vector<std::byte> before = copy_of(*f.region);
  f.inside.put(arp_request(kHostMac, kHost, kIn));
  f.query();
  f.dataplane->announce();
  f.clock.advance(10s);
  REQUIRE(eventually(
      [&] { return f.dataplane->barrier().gate(0).whereabouts.load() == quiesce::Whereabouts::stopped; }));
  CHECK(f.inside.waiting() == 2);
  CHECK(f.inside.sent() + f.outside.sent() == 0);
  CHECK(copy_of(*f.region) == before);
  f.dataplane->barrier().resume();
  CHECK(eventually([&] { return f.inside.waiting() == 0 && f.inside.sent() > 0; }));
}

TEST_CASE("a standby's ports are drained and discarded, and what came is counted") {
  const BootClock real;  // outlives the workers
  Firewall f;
  f.start(real);
  f.dataplane->barrier().set_discard(true);
  for (int i = 0; i < 40; ++i) f.query();
  REQUIRE(f.dataplane->barrier().drain_ports(5s));
  CHECK(f.inside.waiting() == 0);
  CHECK(f.dataplane->barrier().discarded() == 40);
  CHECK(f.buffers.in_use() == 0);
  CHECK(f.dataplane->sessions_in_use() == 0);
}

TEST_CASE("invariant 4: every line of the region that changed is marked in its class") {
  Firewall f;
  f.start(f.clock);
  const std::vector<std::byte> before = copy_of(*f.region);
  f.dataplane->barrier().resume();
  f.greet();
  for (std::uint16_t port = 4000; port < 4030; ++port) f.query(port);
  REQUIRE(
      eventually([&] { return f.outside.sent() == 30; }));  // a reply that overtakes its query has no session
  for (std::uint16_t port = 4000; port < 4020; ++port) f.reply(port);
  REQUIRE(eventually([&] { return f.inside.sent() == 20; }));
  f.clock.advance(500s);  // long enough for all to end
  REQUIRE(eventually([&] { return f.clock.advance(10ms), f.dataplane->sessions_in_use() == 0; }));
  f.settle();

  std::vector<bool> marked(f.region->size() / region::kLineBytes);
  std::vector<region::Extent> extents;
  f.dataplane->marks(0).hard->append_to(extents);
  for (const region::Extent& e : extents) REQUIRE(e.offset + e.bytes <= f.region->soft_begin());
  f.dataplane->marks(0).soft->append_to(extents);
  for (const region::Extent& e : extents)
    for (std::uint64_t line = e.offset / region::kLineBytes; line < (e.offset + e.bytes) / region::kLineBytes;
         ++line)
      marked[line] = true;
  unsigned changed = 0;
  for (std::size_t line = region::kDataOffset / region::kLineBytes; line < marked.size(); ++line) {
    const std::size_t at = line * region::kLineBytes;
    if (std::memcmp(&before[at], f.region->base() + at, region::kLineBytes) == 0) continue;
    CAPTURE(line);
    REQUIRE(marked[line]);
    ++changed;
  }
  CHECK(changed > 30);
}

TEST_CASE("a successor goes on with the sessions, neighbours and ports of a copied region") {
  Firewall f;
  f.start_and_resume();
  f.greet();
  f.query();
  REQUIRE(f.sent_by(f.outside).source_port == 4000);
  f.settle();
  f.dataplane->stop();

  Firewall successor;
  std::memcpy(successor.region->base() + region::kDataOffset, f.region->base() + region::kDataOffset,
              f.region->size() - region::kDataOffset);
  successor.start(successor.clock);
  successor.dataplane->continue_region_time(f.region->region_now() + 1s);
  successor.dataplane->on_activate();
  successor.dataplane->barrier().resume();
  successor.reply();
  CHECK(successor.sent_by(successor.inside) == UdpFlow{kServer, kHost, 53, 4000});
  // The port is taken: another host's flow gets the next one of its parity.
  successor.inside.put(udp_frame(12, kInMac, {ipv4(10, 80, 1, 3), kServer, 4000, 53}));
  CHECK(successor.sent_by(successor.outside) == UdpFlow{kOut, kServer, 4002, 53});
  CHECK(successor.region->region_now() >= f.region->region_now() + 1s);
}

TEST_CASE("a takeover raises time-outs: a session that was nearly over counts as seen now") {
  Firewall f;
  f.start_and_resume();
  f.greet();
  f.query();
  REQUIRE(eventually([&] { return f.dataplane->sessions_in_use() == 1; }));
  f.settle();
  f.dataplane->continue_region_time(f.region->region_now() + 500s);  // as if shipped long ago
  f.dataplane->on_activate();
  f.dataplane->barrier().resume();
  for (int sweep = 0; sweep < 4; ++sweep) {
    f.clock.advance(1s);
    f.next_turns();
  }
  CHECK(f.dataplane->sessions_in_use() == 1);
  f.clock.advance(f.config.timeouts.udp_s * 1s);
  CHECK(eventually([&] { return f.clock.advance(100ms), f.dataplane->sessions_in_use() == 0; }));
}

TEST_CASE("an idle session ends after its time-out, not before, and its NAT port is free again") {
  Firewall f;
  f.start_and_resume();
  f.greet();
  f.query();
  REQUIRE(f.sent_by(f.outside).source_port == 4000);
  for (std::uint32_t second = 0; second < f.config.timeouts.udp_s; ++second) {
    f.clock.advance(1s);
    f.next_turns();
  }
  CHECK(f.dataplane->sessions_in_use() == 1);
  f.clock.advance(12s);
  REQUIRE(eventually([&] { return f.clock.advance(100ms), f.dataplane->sessions_in_use() == 0; }));
  f.inside.put(arp_request(12, ipv4(10, 80, 1, 3), kIn));
  f.inside.put(udp_frame(12, kInMac, {ipv4(10, 80, 1, 3), kServer, 4000, 53}));
  CHECK(f.sent_by(f.outside).source_port == 4000);
}

TEST_CASE("an announcement tells every service address from the virtual MAC, and is repeated") {
  Firewall f;
  f.start(f.clock);
  f.dataplane->announce();
  f.dataplane->barrier().resume();
  REQUIRE(eventually([&] { return f.inside.sent() == 1 && f.outside.sent() == 1; }));
  Bytes frame;
  REQUIRE(f.outside.take(frame));
  CHECK(frame == arp_request(kOutMac, kOut, kOut));
  for (const Nanos step : {20ms, 80ms, 400ms, 1500ms}) {
    const unsigned before = f.inside.sent();
    f.clock.advance(step);
    REQUIRE(eventually([&] { return f.inside.sent() == before + 1; }));
  }
  f.clock.advance(20s);
  f.next_turns();
  CHECK(count_announcements(f.inside) == 5);
}

TEST_CASE("the next hop is asked for thrice, then what waited is dropped by name") {
  Firewall f;
  f.start_and_resume();
  f.query();
  REQUIRE(eventually([&] { return f.outside.sent() == 1; }));
  for (unsigned asked = 2; asked <= 3; ++asked) {
    f.clock.advance(1100ms);
    REQUIRE(eventually([&] { return f.outside.sent() == asked; }));
  }
  CHECK(f.dataplane->held_packets() == 1);
  f.clock.advance(1100ms);
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 0; }));
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["neighbour_unresolved"] == 1; }));
  CHECK(count_announcements(f.outside) == 3);
}

TEST_CASE("sessions are listed while the workers run, and not while they are quiesced") {
  const BootClock real;  // outlives the workers
  Firewall f;
  f.start(real);
  f.dataplane->barrier().resume();
  f.greet();
  for (std::uint16_t port = 4000; port < 4200; ++port) f.query(port);
  REQUIRE(eventually([&] { return f.dataplane->sessions_in_use() == 200; }));
  std::vector<std::uint16_t> ports;
  const auto list = [&](std::uint64_t rows_max) {
    ListCursor at;
    return f.dataplane->list_sessions({}, rows_max, at,
                                      [&](const SessionRow& row) { ports.push_back(row.source.port); });
  };
  REQUIRE(list(1000));
  std::sort(ports.begin(), ports.end());
  REQUIRE(ports.size() == 200);
  CHECK(ports.front() == 4000);
  CHECK(ports.back() == 4199);
  ports.clear();
  REQUIRE(list(7));
  CHECK(ports.size() == 7);

  f.settle();
  ports.clear();
  const Status listed = list(1000);
  REQUIRE_FALSE(listed);
  CHECK(listed.error().code == Errc::timed_out);
  CHECK(ports.empty());
  f.dataplane->barrier().resume();
  CHECK(list(1000));
}
