// The rig checked against itself: what is done to the packets on purpose is what it reports, no more and no
// less. Needs root; without it the cases say that they were skipped.
#include <filesystem>
#include <functional>

#include <catch2/catch.hpp>
#include <poll.h>
#include <unistd.h>

#include "tests/e2e/two_answerers.h"
#include "tests/rig/faults/crash.h"
#include "tests/rig/faults/symbols.h"
#include "tests/rig/load/probe.h"
#include "tests/rig/process/command.h"
#include "tests/rig/relay/relay.h"
#include "tests/rig/relay/splice.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::e2e {
namespace {

using namespace rig;

constexpr std::uint32_t kPerSecond = 1000;
constexpr std::uint64_t kProbes = 1500;
constexpr Nanos kWithin = 10s;
// How late a thread may wake on a shared machine in the median.
constexpr double kLateUs = 3000;

bool can_run() {
  const bool able = geteuid() == 0 && is_in_path("ip") && is_in_path("ethtool");
  if (!able) WARN("skipped: needs root, ip and ethtool");
  return able;
}

bool eventually(const std::function<bool()>& holds) {
  const BootClock clock;
  for (const Instant end = clock.now() + kWithin; clock.now() < end;) {
    if (holds()) return true;
    poll(nullptr, 0, 10);
  }
  return holds();
}

// client 10.70.0.1 --- relay --- 10.70.0.2 server
struct RelayedLink {
  static Plan plan() {
    Plan plan;
    plan.spaces = {"client", "server"};
    plan.links = {{{.space = "client", .name = "eth0", .address = "10.70.0.1/24"},
                   {.space = "server", .name = "eth0", .address = "10.70.0.2/24"}}};
    REQUIRE(splice_relay(plan, "server", "eth0", "relay"));
    return plan;
  }

  // Returns once the ends know each other and the new interfaces carry frames.
  RelayedLink() {
    const auto probe = start_probe(100);
    REQUIRE(eventually([&] { return probe->arrived() > 0; }));
  }

  [[nodiscard]] std::unique_ptr<Probe> start_probe(std::uint32_t per_second) const {
    return Probe::start({.client_space_fd = network.space("client").fd(),
                         .server_space_fd = network.space("server").fd(),
                         .server_address = "10.70.0.2",
                         .per_second = per_second,
                         .at_most = kWithin})
        .value();
  }

  // kProbes and some more through a relay that treats them, and only them, as `impairment` says.
  ProbeSummary probe_through(Impairment impairment) {
    impairment.only = {.ip_protocol = 17, .port = ProbeOptions{}.port};
    REQUIRE(relay->set(RelayWay::a_to_b, impairment));
    const RelayCounts before = relay->counts(RelayWay::a_to_b);
    const auto probe = start_probe(kPerSecond);
    REQUIRE(eventually([&] { return probe->sent() >= kProbes; }));
    probe->stop_sending();
    CHECK(eventually([&] {
      const RelayCounts now = relay->counts(RelayWay::a_to_b);
      const std::uint64_t gone = now.lost + now.cut - before.lost - before.cut;
      return probe->arrived() + gone >= probe->sent() + now.duplicated - before.duplicated;
    }));
    probe->stop_receiving();
    CHECK(probe->receiver_dropped() == 0);
    return probe->account().summary({}, std::nullopt);
  }

  Topology network = Topology::build(plan(), own_prefix() + "r").value();
  std::unique_ptr<Relay> relay =
      Relay::start({.space_fd = network.space("relay").fd(), .a = kRelayA, .b = kRelayB}).value();
};

// The relay did nothing that nobody asked for.
void require_own_failures_none(const RelayCounts& counts) {
  CHECK(counts.refused == 0);
  CHECK(counts.overrun == 0);
  CHECK(counts.unseen == 0);
  CHECK(counts.queue_full == 0);
}

}  // namespace

TEST_CASE("probes through a relay that does nothing all arrive, once and in order") {
  if (!can_run()) return;
  RelayedLink link;
  const ProbeSummary seen = link.probe_through({});
  CHECK(seen.lost_steady == 0);
  CHECK(seen.duplicated == 0);
  CHECK(seen.reordered == 0);
  CHECK(seen.delay_us_p50 < kLateUs);
  require_own_failures_none(link.relay->counts(RelayWay::a_to_b));
  CHECK(link.relay->trouble().empty());
}

TEST_CASE("exactly the probes that the relay drops are reported lost") {
  if (!can_run()) return;
  RelayedLink link;
  std::vector<std::uint64_t> dropped{7, 30, 31};
  for (std::uint64_t number = 200; number < 250; ++number) dropped.push_back(number);
  const ProbeSummary seen = link.probe_through({.lose = {.numbers = dropped}});
  const RelayCounts counts = link.relay->counts(RelayWay::a_to_b);
  CHECK(counts.lost == dropped.size());
  CHECK(seen.lost_steady == dropped.size());
  CHECK(seen.duplicated == 0);
  CHECK(seen.reordered == 0);
  // The 50 in a row are the outage: between the sends of 199 and 250; a late sender makes it longer.
  CHECK(seen.outage_ms > 50);
  CHECK(seen.outage_ms < 50 + seen.send_gap_ms * 2 + 10);
  require_own_failures_none(counts);
}

TEST_CASE("a relay's delay is the delay that is reported, one way only") {
  if (!can_run()) return;
  RelayedLink link;
  const ProbeSummary direct = link.probe_through({});
  const ProbeSummary seen = link.probe_through({.delay = 25ms});
  CHECK(seen.lost_steady == 0);
  CHECK(seen.reordered == 0);
  CHECK(seen.delay_us_p50 >= 25'000);
  CHECK(seen.delay_us_p50 < 25'000 + direct.delay_us_p50 + kLateUs);
}

TEST_CASE("exactly the probes that the relay sends twice are reported duplicated") {
  if (!can_run()) return;
  RelayedLink link;
  const ProbeSummary seen = link.probe_through({.duplicate = {.numbers = {1, 2, 500, 501, 900}}});
  CHECK(seen.duplicated == 5);
  CHECK(link.relay->counts(RelayWay::a_to_b).duplicated == 5);
  CHECK(seen.lost_steady == 0);
  CHECK(seen.reordered == 0);
}

TEST_CASE("exactly the probes that the relay holds back are reported reordered") {
  if (!can_run()) return;
  RelayedLink link;
  const ProbeSummary seen =
      link.probe_through({.reorder = {.numbers = {10, 11, 400, 777}}, .reorder_behind = 3});
  CHECK(seen.reordered == 4);
  CHECK(link.relay->counts(RelayWay::a_to_b).reordered == 4);
  CHECK(seen.lost_steady == 0);
  CHECK(seen.duplicated == 0);
}

TEST_CASE("a cut of one way loses everything that way, and nothing the other way") {
  if (!can_run()) return;
  RelayedLink link;
  REQUIRE(link.relay->set(RelayWay::b_to_a, {.cut = true}));
  CHECK(link.probe_through({}).lost_steady == 0);
  CHECK(link.relay->counts(RelayWay::a_to_b).cut == 0);
  const ProbeSummary seen = link.probe_through({.cut = true});
  CHECK(seen.lost_steady == seen.sent);
  CHECK_FALSE(seen.recovered);
  CHECK(link.relay->counts(RelayWay::a_to_b).cut >= seen.sent);
}

TEST_CASE("every step that a crash can be asked for is a function of the daemon") {
  for (const CrashStep& step : crash_steps()) {
    const Status there = has_function(STILLWATERD, step.function);
    INFO(step.name + ": " + (there ? "" : there.error().message));
    CHECK(there);
  }
  CHECK_FALSE(has_function(STILLWATERD, "stillwater::engine::Engine::absent"));
}

TEST_CASE("a pair whose both ends answer at once is caught, in its window and with its frames") {
  if (!can_run()) return;
  TwoAnswerers pair;
  pair.a.answers(true);
  pair.ask(100, 1);
  pair.b.answers(true);
  pair.ask(50, 2);
  pair.a.answers(false);
  pair.ask(100, 1);
  const WireVerdict verdict = pair.watch->stop();
  INFO(to_text(verdict, pair.started));
  CHECK(verdict.state() == WireVerdict::State::breach);
  REQUIRE(verdict.overlaps.size() == 1);
  const Overlap& overlap = verdict.overlaps[0];
  CHECK(overlap.held_by == "a");
  CHECK(overlap.also == "b");
  // Each question is asked by ARP and by a datagram, and each node answers both. Within a question either
  // node may be the first, so the very first and the very last answers may lie just outside of the window.
  CHECK(overlap.held_by_sent.frames() >= 98);
  CHECK(overlap.held_by_sent.frames() <= 100);
  CHECK(overlap.also_sent.frames() >= 98);
  CHECK(overlap.also_sent.frames() <= 100);
  CHECK(overlap.begin > pair.asked_at(100));
  CHECK(overlap.begin < pair.asked_at(101));
  CHECK(overlap.end > pair.asked_at(149));
  CHECK(overlap.end < pair.asked_at(150));
  CHECK(verdict.datagrams_duplicated == 50);
  CHECK(verdict.duplicates.front().number == 100);
  REQUIRE(verdict.answers.size() == 2);
  CHECK(verdict.answers[0].sent.arp == 150);
  CHECK(verdict.answers[0].sent.translated == 150);
  CHECK(verdict.answers[1].sent.arp == 150);
  CHECK(verdict.answers[1].sent.translated == 150);
  CHECK(verdict.gaps.empty());
}

TEST_CASE("a clean handover between the same two is not") {
  if (!can_run()) return;
  TwoAnswerers pair;
  pair.a.answers(true);
  pair.ask(100, 1);
  pair.a.answers(false);
  pair.b.answers(true);
  pair.ask(100, 1);
  const WireVerdict verdict = pair.watch->stop();
  INFO(to_text(verdict, pair.started));
  CHECK(verdict.state() == WireVerdict::State::clean);
  REQUIRE(verdict.handovers.size() == 1);
  CHECK(verdict.handovers[0].from == "a");
  CHECK(verdict.handovers[0].to == "b");
  CHECK(verdict.handovers[0].last_of_old < pair.asked_at(100));
  CHECK(verdict.handovers[0].first_of_new > pair.asked_at(100));
}

TEST_CASE("a capture that lost frames does not read as clean") {
  if (!can_run()) return;
  TwoAnswerers pair({.receive_buffer_bytes = 4096});
  pair.a.answers(true);
  pair.ask(1, 1);
  pair.flood(5000);
  const WireVerdict verdict = pair.watch->stop();
  INFO(to_text(verdict, pair.started));
  CHECK(verdict.state() == WireVerdict::State::incomplete);
  CHECK(verdict.ports[0].dropped > 0);
}

TEST_CASE("what was captured can be read again from the run's folder") {
  if (!can_run()) return;
  const std::string folder = std::filesystem::temp_directory_path() / (own_prefix() + "-pcap");
  std::filesystem::create_directories(folder);
  {
    TwoAnswerers pair({.pcap_folder = folder});
    pair.a.answers(true);
    pair.ask(10, 1);
    REQUIRE(pair.watch->stop().state() == WireVerdict::State::clean);
  }
  char error[PCAP_ERRBUF_SIZE] = {};
  pcap_t* file = pcap_open_offline((folder + "/wire-p-a.pcap").c_str(), error);
  INFO(error);
  REQUIRE(file != nullptr);
  int answers = 0;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  while (pcap_next_ex(file, &header, &bytes) == 1) {
    const auto frame = FrameView::parse({reinterpret_cast<const std::byte*>(bytes), header->caplen});
    if (frame && frame->source == TwoAnswerers::kVirtualMac) ++answers;
  }
  pcap_close(file);
  std::filesystem::remove_all(folder);
  CHECK(answers == 20);
}

}  // namespace stillwater::e2e
