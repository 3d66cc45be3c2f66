// A fenced pair: what a node that was frozen at the worst moment still sends, and what a killed one leaves.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/e2e/frozen_in_send.h"
#include "tests/e2e/pair_fixture.h"
#include "tests/rig/process/command.h"
#include "tests/rig/wire/pair_wire.h"
#include "tests/rig/wire/wire_watch.h"

namespace stillwater::e2e {
namespace {

Edit with_fence(const std::string& kind) {
  return [kind](std::string text) {
    return replaced(std::move(text), "\nreplication:\n", "\nreplication:\n  fence: " + kind + "\n");
  };
}

std::unique_ptr<rig::WireWatch> watch_wire(const PairFixture& pair) {
  const rig::Plan plan = rig::with_witness(rig::pair_network(rig::DataPorts::of_the_daemon));
  auto watch = rig::WireWatch::start({.space_fd = pair.network.space("net").fd(),
                                      .subject = rig::pair_wire(plan, rig::VirtualMac::of_the_pair)});
  REQUIRE(watch.has_value());
  return std::move(*watch);
}

// Services for which the first active sent a frame after its successor's first.
std::size_t services_answered_late(const rig::WireVerdict& verdict) {
  return static_cast<std::size_t>(std::ranges::count_if(verdict.answers, [&](const rig::NodeAnswers& old) {
    return old.node == "active" && std::ranges::any_of(verdict.answers, [&](const rig::NodeAnswers& next) {
             return next.node == "standby" && next.service == old.service && next.first < old.last;
           });
  }));
}

std::size_t fences(const PairFixture& pair, const std::string& interface) {
  const auto said = rig::run_command(
      {"tc", "-n", pair.network.space("active").name(), "filter", "show", "dev", interface, "egress"});
  REQUIRE(said.has_value());
  std::size_t count = 0;
  for (std::size_t at = 0; (at = said->out.find("name sw_fence", at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace

TEST_CASE(
    "invariant 3: an active that is frozen inside a send, and thawed when another leads, sends no frame with "
    "fence: ebpf; with none it sends what it had in hand, counted and within its bound") {
  const std::string kind = GENERATE(as<std::string>{}, "ebpf", "none");
  PairFixture pair("frozen-in-send-" + kind, with_fence(kind), with_fence(kind));
  pair.start_in_sync();
  pair.open_flows(100);
  const auto watch = watch_wire(pair);
  {
    const FrozenInSend frozen(pair.a.pid());
    REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
    pair.require_flows_survive();
  }
  REQUIRE(eventually(20s, [&] { return pair.a.role() == "standby"; }));
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  const rig::WireVerdict verdict = watch->stop();
  const nlohmann::json fence = pair.a.status()["fence"];
  INFO(fence.dump() << "\n" << rig::to_text(verdict, Instant{}));
  CHECK(verdict.gaps.empty());
  CHECK(fence.value("kind", std::string()) == kind);
  if (kind == "ebpf") {
    CHECK(services_answered_late(verdict) == 0);
    CHECK(fence.value("fenced_frames", 0u) > 0);
  } else {
    CHECK(services_answered_late(verdict) == 1);
    CHECK(fence.value("sent_past_lease", 0u) > 0);
    // Two ports of 512 frames a ring, and a burst of 256 each.
    CHECK(fence.value("sent_past_lease_max", 0u) == 2 * (512 + 256));
    CHECK(fence.value("sent_past_lease", 0u) <= 2 * (512 + 256));
  }
  pair.require_flows_survive();
}

TEST_CASE("a killed node's fence stays until its restart takes its place; an orderly stop takes it away") {
  PairFixture pair("fence-stays", with_fence("ebpf"), with_fence("ebpf"));
  pair.start_in_sync();
  CHECK(pair.a.status()["fence"].value("kind", std::string()) == "ebpf");
  pair.a.kill();
  CHECK(fences(pair, "in0") == 1);
  CHECK(fences(pair, "out0") == 1);
  pair.a.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return pair.a.role() == "standby"; }));
  CHECK(fences(pair, "in0") == 1);
  CHECK(fences(pair, "out0") == 1);
  pair.a.stop();
  CHECK(fences(pair, "in0") == 0);
  CHECK(fences(pair, "out0") == 0);
}

TEST_CASE("what a killed node left goes when it starts again with fence: none") {
  PairFixture pair("fence-left", {}, with_fence("ebpf"));
  pair.a.start();
  REQUIRE(eventually(20s, [&] { return pair.a.role() == "standalone"; }));
  pair.a.kill();
  REQUIRE(fences(pair, "in0") == 1);
  NodeUnderTest bare(pair.where, "fw-a", pair.network.space("active"));
  bare.start();
  INFO(bare.log());
  CHECK(eventually(20s, [&] { return fences(pair, "in0") == 0 && fences(pair, "out0") == 0; }));
  CHECK(bare.log().find("in0 had the fence of a process that was killed") != std::string::npos);
}

TEST_CASE("a second daemon of a fenced node leaves the first one's fence alone") {
  PairFixture pair("fence-second", with_fence("ebpf"), with_fence("ebpf"));
  pair.start_in_sync();
  pair.open_flows(20);
  NodeUnderTest second(pair.where, "fw-a", pair.network.space("active"), with_fence("ebpf"));
  second.start();
  CHECK(second.exit_status_within(20s) == 1);
  CHECK(second.log().find("Address already in use") != std::string::npos);
  CHECK(fences(pair, "in0") == 1);
  CHECK(pair.a.role() == "active");
  pair.require_flows_survive();
}

TEST_CASE("a fence that cannot be put keeps the daemon from starting, and says what is in the way") {
  PairFixture pair("fence-refused", {}, with_fence("ebpf"));
  const Status in_the_way = rig::must_run(
      {"tc", "-n", pair.network.space("active").name(), "qdisc", "add", "dev", "in0", "ingress"});
  REQUIRE(in_the_way.has_value());
  pair.a.start();
  CHECK(pair.a.exit_status_within(20s) == 1);
  INFO(pair.a.log());
  CHECK(pair.a.log().find("fence: ebpf: cannot attach the fence to in0") != std::string::npos);
  CHECK(pair.a.log().find("set replication.fence to none") != std::string::npos);
}

}  // namespace stillwater::e2e
