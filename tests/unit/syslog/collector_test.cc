// A collector that comes and goes, is slow, or does not read: nothing is lost that is not counted, nothing is
// sent twice but what a broken connection had not taken whole, and nobody waits.
#include "appliance/syslog/collector.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "appliance/syslog/format.h"
#include "tests/unit/random.h"

namespace stillwater::appliance::syslog {
namespace {

// The network: what it takes now, and what arrived whole.
struct Network {
  bool reachable = true;
  bool accepts = true;   // else connecting goes on for ever
  bool broken = false;   // the next word on the connection fails
  std::size_t room = 0;  // bytes that sockets take
  unsigned connections = 0;
  std::string stream;  // of this connection
  std::vector<std::string> arrived;

  // Takes whole messages, framed by their octets, out of the stream.
  void read() {
    for (;;) {
      const std::size_t space = stream.find(' ');
      if (space == std::string::npos) return;
      const std::size_t octets = std::stoul(stream.substr(0, space));
      if (stream.size() < space + 1 + octets) return;
      arrived.push_back(stream.substr(space + 1, octets));
      stream.erase(0, space + 1 + octets);
    }
  }
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(Network& network) : network_(network) {
    ++network.connections;
    network.stream.clear();  // half a message is thrown away
  }
  Result<bool> advance() override {
    if (network_.broken) return fail(Errc::unavailable, "closed");
    return network_.accepts;
  }
  Result<std::size_t> send_some(std::string_view bytes) override {
    if (network_.broken) return fail(Errc::unavailable, "closed");
    const std::size_t taken = std::min(bytes.size(), network_.room);
    network_.stream += bytes.substr(0, taken);
    network_.room -= taken;
    network_.read();
    return taken;
  }
  int fd() const override { return -1; }
  short waits_for() const override { return 0; }

 private:
  Network& network_;
};

struct Subject {
  Network network;
  Collector collector{{.address = {"192.0.2.9", 601}, .transport = SyslogTransport::tcp},
                      [this](const CollectorConfig&) -> Result<std::unique_ptr<Transport>> {
                        network.broken = false;
                        if (!network.reachable) return fail(Errc::unavailable, "unreachable");
                        return std::make_unique<FakeTransport>(network);
                      }};
  Instant now{1000s};

  void offer(const std::string& text) { collector.offer(std::make_shared<const std::string>(text)); }
  std::string turn() { return collector.turn(now); }
};

constexpr std::size_t kPlenty = 1u << 30;

// What a message that arrived says was lost before it.
std::uint64_t lost_in(const std::string& message) {
  const std::string begin = "[lost@32473 records=\"";
  const std::size_t at = message.find(begin);
  return at == std::string::npos ? 0 : std::stoul(message.substr(at + begin.size()));
}

std::string number_of(const std::string& message) { return message.substr(0, message.find('[')); }

}  // namespace

TEST_CASE("messages arrive whole and in order, however little a socket takes at a time") {
  Subject s;
  for (int i = 0; i < 20; ++i) s.offer("message " + std::to_string(i));
  while (!s.collector.idle()) {
    s.network.room = 3;
    REQUIRE(s.turn().empty());
  }
  REQUIRE(s.network.arrived.size() == 20);
  for (int i = 0; i < 20; ++i) CHECK(s.network.arrived[i] == "message " + std::to_string(i));
  CHECK(s.collector.figures().sent == 20);
  CHECK(s.collector.figures().lost == 0);
  CHECK(s.collector.figures().connected);
}

TEST_CASE("a full queue drops its oldest, and the next message that goes out says how many") {
  Subject s;
  s.network.reachable = false;
  CHECK(s.turn() == "unreachable");
  for (std::size_t i = 0; i < Collector::kQueueMax + 5; ++i) s.offer(std::to_string(i));
  s.collector.add_lost(2);
  CHECK(s.collector.figures().connected == false);
  s.network.reachable = true;
  s.network.room = kPlenty;
  s.now += 60s;
  CHECK(s.turn().empty());
  REQUIRE(s.network.arrived.size() == Collector::kQueueMax);
  CHECK(s.network.arrived[0] == "5" + lost_element(7));
  CHECK(s.network.arrived[1] == "6");
  CHECK(s.collector.figures().lost == 7);
  CHECK(s.collector.figures().sent == Collector::kQueueMax);
}

TEST_CASE("a connection that breaks within a message: it is sent anew, with what was lost meanwhile") {
  Subject s;
  s.offer("first");
  s.offer("second");
  s.network.room = 10;  // "5 first", and a part of the second
  CHECK(s.turn().empty());
  CHECK(s.network.arrived == std::vector<std::string>{"first"});
  s.network.broken = true;
  CHECK(s.turn() == "closed");
  CHECK_FALSE(s.collector.figures().connected);
  CHECK(s.collector.figures().last_error == "closed");
  s.collector.add_lost(3);
  s.network.room = kPlenty;
  CHECK(s.turn().empty());
  CHECK(s.network.connections == 1);  // not so soon
  s.now += Collector::kFirstBackOff;
  CHECK(s.turn().empty());
  CHECK(s.network.connections == 2);
  CHECK(s.network.arrived == std::vector<std::string>{"first", "second" + lost_element(3)});
}

TEST_CASE("back-off doubles up to its bound, and begins anew when a message got through") {
  Subject s;
  s.network.reachable = false;
  Nanos expected = Collector::kFirstBackOff;
  for (int i = 0; i < 12; ++i) {
    CHECK(s.turn() == "unreachable");
    CHECK(s.collector.wake_at() == s.now + expected);
    s.now = s.collector.wake_at() - 1ns;
    CHECK(s.turn().empty());
    s.now += 1ns;
    expected = std::min(2 * expected, Collector::kLongestBackOff);
  }
  s.network.reachable = true;
  s.network.room = kPlenty;
  s.offer("x");
  CHECK(s.turn().empty());
  s.network.broken = true;
  CHECK(s.turn() == "closed");
  CHECK(s.collector.wake_at() == s.now + Collector::kFirstBackOff);
}

TEST_CASE("a collector that does not read, or that never answers, is given up after a while") {
  Subject s;
  SECTION("does not read") {
    s.offer("x");
    CHECK(s.turn().empty());
    CHECK(s.collector.figures().connected);
    s.now += Collector::kPatience - 1ns;
    CHECK(s.turn().empty());
    s.now += 1ns;
    CHECK(s.turn() == "the collector does not read");
  }
  SECTION("reads a little now and then") {
    s.offer(std::string(100, 'x'));
    for (int i = 0; i < 50; ++i) {
      s.network.room = 1;
      CHECK(s.turn().empty());
      s.now += Collector::kPatience / 2;
    }
    CHECK(s.network.connections == 1);
  }
  SECTION("does not answer") {
    s.network.accepts = false;
    CHECK(s.turn().empty());
    CHECK_FALSE(s.collector.figures().connected);
    s.now += Collector::kPatience;
    CHECK(s.turn() == "the collector does not answer");
  }
}

TEST_CASE("any network: what arrived and what is said to be lost add up to what was offered, in order") {
  const auto seed = GENERATE(range(1u, 20u));
  CAPTURE(seed);
  Random random(seed);
  Subject s;
  std::uint64_t offered = 0, lost_by_workers = 0;
  for (int step = 0; step < 2000; ++step) {
    switch (random() % 10) {
      case 0:
        s.network.broken = true;
        break;
      case 1:
        s.network.reachable = random() % 2 == 0;
        break;
      case 2:
        s.network.accepts = random() % 4 != 0;
        break;
      case 3:
        s.collector.add_lost(1);
        ++lost_by_workers;
        break;
      case 4:
      case 5:
        for (unsigned n = random() % (random() % 50 == 0 ? 30'000 : 20); n > 0; --n)
          s.offer(std::to_string(offered++));
        break;
      default:
        s.network.room = random() % 3 == 0 ? 0 : random() % 400;
        s.now += Nanos(random());
        (void)s.turn();
    }
  }
  s.network.reachable = s.network.accepts = true;
  s.offer(std::to_string(offered++));
  for (int i = 0; i < 10 && !s.collector.idle(); ++i) {
    s.network.room = kPlenty;
    s.now += 60s;
    (void)s.turn();
  }
  REQUIRE(s.collector.idle());
  std::uint64_t told_lost = 0, before = 0;
  bool in_order = true;
  for (std::size_t i = 0; i < s.network.arrived.size(); ++i) {
    told_lost += lost_in(s.network.arrived[i]);
    const std::uint64_t number = std::stoul(number_of(s.network.arrived[i]));
    in_order = in_order && (i == 0 || number > before);
    before = number;
  }
  CHECK(in_order);
  CHECK(before == offered - 1);
  CHECK(told_lost == s.collector.figures().lost);
  CHECK(s.network.arrived.size() + told_lost == offered + lost_by_workers);
  CHECK(s.collector.figures().sent == s.network.arrived.size());
}

}  // namespace stillwater::appliance::syslog
