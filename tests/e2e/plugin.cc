// The interface agent as a plug-in, in DPDK programs as Debian ships them (mission Q3, Q4, Q6, Q8).
#include <catch2/catch.hpp>

#include "tests/e2e/dpdk_program.h"
#include "tests/e2e/numbered_frames.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::e2e {
namespace {

using Catch::Contains;

// left --- [p0 program p1] --- right
rig::Topology two_wires() {
  const rig::Plan plan{.spaces = {"program", "left", "right"},
                       .links = {{.a = {.space = "program", .name = "p0", .arp = false},
                                  .b = {.space = "left", .name = "h0", .arp = false}},
                                 {.a = {.space = "program", .name = "p1", .arp = false},
                                  .b = {.space = "right", .name = "h1", .arp = false}}}};
  auto network = rig::Topology::build(plan, rig::own_prefix());
  REQUIRE(network.has_value());
  return std::move(*network);
}

void set_link(const rig::Topology& network, const std::string& interface, const std::string& state) {
  REQUIRE(rig::must_run({"ip", "-n", network.space("program").name(), "link", "set", interface, state}));
}

// testpmd forwards between the two wires, on one core; the other is left to the test.
struct Testpmd {
  explicit Testpmd(const std::string& device_options = {}, const std::vector<std::string>& more = {},
                   bool with_plugin = true)
      : program(network.space("program"), "dpdk-testpmd",
                {"--lcores", "0@0,1@1", "--vdev", "net_af_packet0,iface=p0" + device_options, "--vdev",
                 "net_af_packet1,iface=p1" + device_options},
                own(more), with_plugin),
        frames(network.space("left"), "h0", network.space("right"), "h1") {
    // It throws away what comes before it forwards.
    const bool forwards = eventually(30s, [&] {
      frames.send(1);
      return frames.arrive(1, 100ms);
    });
    INFO(program.log());
    REQUIRE(forwards);
    lost_at_start = frames.captured().front().number;
    REQUIRE(frames.arrive(frames.sent() - lost_at_start));
  }

  static std::vector<std::string> own(const std::vector<std::string>& more) {
    std::vector<std::string> words{"-i", "--auto-start", "--forward-mode=io", "--total-num-mbufs=4096"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // Everything sent since it forwards came, once each and in order.
  void require_all_in_order() {
    const std::size_t expected = frames.sent() - lost_at_start;
    const bool all = frames.arrive(expected);
    INFO(frames.captured().size() << " of " << expected << " frames\n" << program.log());
    REQUIRE(all);
    REQUIRE(frames.captured().size() == expected);
    for (std::size_t i = 0; i < expected; ++i) REQUIRE(frames.captured()[i].number == lost_at_start + i);
  }

  rig::Topology network = two_wires();
  DpdkProgram program;
  NumberedFrames frames;
  std::uint32_t lost_at_start = 0;
};

std::string error_of(const nlohmann::json& answer, const std::string& command) {
  INFO(answer.dump());
  REQUIRE(answer.contains(command));
  return answer[command].value("error", "");
}

}  // namespace

TEST_CASE(
    "testpmd, quiesced: frames wait in the receive rings, and all come out in order after resume (Q3, Q6)") {
  Testpmd testpmd;
  auto& frames = testpmd.frames;
  const auto before = frames.captured().size();
  const auto indication = testpmd.program.ctl_json({"quiesce", "--drain-timeout", "10s", "--limit", "0s"});
  CHECK(indication["state"] == "quiesced");
  CHECK(indication["exact"] == true);
  frames.send(100);
  REQUIRE(testpmd.program.polls_again());
  CHECK(testpmd.program.ctl_json({"status"})["state"] == "quiesced");
  CHECK(frames.captured().size() == before);
  const Instant resumed_at = BootClock().now();
  CHECK(testpmd.program.ctl({"resume"}).out == "the program runs\n");
  testpmd.require_all_in_order();
  for (std::size_t i = before; i < frames.captured().size(); ++i)
    CHECK(frames.captured()[i].at >= resumed_at);
}

TEST_CASE("testpmd under traffic: what was received before the indication has left before it (Q4)") {
  Testpmd testpmd;
  auto& frames = testpmd.frames;
  const auto inside = [&] {
    return testpmd.program.column("received")[0] - testpmd.program.column("transmitted")[1];
  };
  const auto dropped_at_start = inside();
  for (int round = 0; round < 5; ++round) {
    frames.send(200);
    REQUIRE(testpmd.program.ctl_json({"quiesce", "--drain-timeout", "10s", "--limit", "0s"})["exact"] ==
            true);
    const Instant quiesced_at = BootClock().now();
    CHECK(inside() == dropped_at_start);
    CHECK(frames.arrive(testpmd.program.column("transmitted")[1]));
    REQUIRE(testpmd.program.polls_again());
    const Instant resumed_at = BootClock().now();
    REQUIRE(testpmd.program.ctl({"resume"}).exit_status == 0);
    testpmd.require_all_in_order();
    for (const auto& frame : frames.captured()) CHECK((frame.at < quiesced_at || frame.at >= resumed_at));
  }
}

TEST_CASE(
    "ports of several queues, stopped and started by the program during a quiesce, are quiesced again") {
  Testpmd testpmd(",qpairs=2", {"--rxq=2", "--txq=2"});
  auto& [network, program, frames, lost] = testpmd;
  CHECK(program.column("rx_queues") == std::vector<std::uint64_t>{2, 2});
  REQUIRE(program.ctl({"quiesce", "--drain-timeout", "10s", "--limit", "0s"}).exit_status == 0);
  const auto before = frames.captured().size();
  program.type("stop");
  program.type("port stop 0");
  REQUIRE(eventually(30s, [&] { return program.column("up") == std::vector<std::uint64_t>{0, 1}; }));
  program.type("port start 0");
  REQUIRE(eventually(30s, [&] { return program.column("up") == std::vector<std::uint64_t>{1, 1}; }));
  CHECK(program.column("stopped") == std::vector<std::uint64_t>{1, 1});
  program.type("start");
  frames.send(100);
  REQUIRE(program.polls_again());
  CHECK(frames.captured().size() == before);
  REQUIRE(program.ctl({"resume"}).exit_status == 0);
  testpmd.require_all_in_order();
}

TEST_CASE(
    "a link that is lost and comes back while the program is quiesced changes nothing: all come out in "
    "order") {
  Testpmd testpmd;
  auto& [network, program, frames, lost] = testpmd;
  REQUIRE(program.ctl({"quiesce", "--drain-timeout", "10s", "--limit", "0s"}).exit_status == 0);
  set_link(network, "p1", "down");
  frames.send(100);
  REQUIRE(program.polls_again());
  CHECK(program.ctl_json({"status"})["state"] == "quiesced");
  set_link(network, "p1", "up");
  REQUIRE(program.ctl({"resume"}).exit_status == 0);
  testpmd.require_all_in_order();
}

TEST_CASE(
    "a program whose output lost its link is quiesced all the same, and forwards again when it is back") {
  Testpmd testpmd;
  auto& [network, program, frames, lost] = testpmd;
  set_link(network, "p1", "down");
  const auto received = program.column("received")[0];
  frames.send(100);
  REQUIRE(eventually(30s, [&] { return program.column("received")[0] == received + 100; }));
  const auto indication = program.ctl_json({"quiesce", "--drain-timeout", "10s", "--limit", "0s"});
  CHECK(indication["state"] == "quiesced");
  set_link(network, "p1", "up");
  REQUIRE(program.ctl({"resume"}).exit_status == 0);
  // The kernel lets frames through some time after the link is up.
  const auto again = frames.sent();
  CHECK(eventually(30s, [&] {
    frames.send(1);
    const auto& captured = frames.captured();
    return !captured.empty() && captured.back().number >= again;
  }));
  CHECK(program.ctl({"quiesce", "--drain-timeout", "10s"}).exit_status == 0);
}

TEST_CASE("what cannot be done is refused in words, and the program goes on") {
  Testpmd testpmd;
  auto& program = testpmd.program;
  for (const auto& [line, command, words] : std::vector<std::array<std::string, 3>>{
           {"/stillwater/quiesce,nonsense", "/stillwater/quiesce", "'nonsense': expected timeout_us=N"},
           {"/stillwater/quiesce,timeout_us=-1", "/stillwater/quiesce", "timeout_us='-1' is no number"},
           {"/stillwater/quiesce,\"}]\\x", "/stillwater/quiesce", "expected timeout_us=N"},
           {"/stillwater/quiesce," + std::string(900, 'z'), "/stillwater/quiesce", "expected timeout_us=N"},
           {"/stillwater/quiesce,ports=0,7", "/stillwater/quiesce", "port 7 does not exist"},
           {"/stillwater/resume,now", "/stillwater/resume", "takes no parameters, got 'now'"},
           {"/stillwater/resume", "/stillwater/resume", "not quiesced; it runs"},
           {"/stillwater/status,\x01\x02", "/stillwater/status", "takes no parameters, got '?"},
       }) {
    CAPTURE(line);
    CHECK_THAT(error_of(program.ask(line), command), Contains(words));
  }
  REQUIRE(program.ctl({"quiesce", "--drain-timeout", "10s"}).exit_status == 0);
  const auto twice = program.ctl({"quiesce"});
  CHECK(twice.exit_status == 1);
  CHECK(twice.err == "stillwaterctl: quiesced already; resume first\n");
  REQUIRE(program.ctl({"resume"}).exit_status == 0);
  const auto again = program.ctl({"resume"});
  CHECK(again.exit_status == 1);
  CHECK(again.err == "stillwaterctl: not quiesced; it runs\n");
  testpmd.frames.send(10);
  testpmd.require_all_in_order();
}

TEST_CASE(
    "a pipeline of three threads joined by rings: the indication waits for the packets in the rings (Q4, "
    "Q6)") {
  constexpr std::uint32_t kBurst = 64;  // dpdk-test-pipeline moves this many at once, never fewer
  auto network = rig::Topology::build({.spaces = {"program"}}, rig::own_prefix());
  REQUIRE(network.has_value());
  const auto& space = network->space("program");
  DpdkProgram program(
      space, "dpdk-test-pipeline",
      {"--lcores", "0@0,1@0,2@1", "--vdev", "net_tap0,iface=t0", "--vdev", "net_tap1,iface=t1"},
      {"-p", "0x3", "--none"});
  REQUIRE(eventually(30s, [&] { return program.column("up") == std::vector<std::uint64_t>{1, 1}; }));
  REQUIRE(program.polls_again());
  NumberedFrames frames(space, "t0", space, "t1");
  frames.send(4 * kBurst);
  const auto indication = program.ctl_json({"quiesce", "--drain-timeout", "10s", "--limit", "0s"});
  const Instant quiesced_at = BootClock().now();
  INFO(indication.dump());
  const auto received = program.column("received")[0];
  const auto transmitted = program.column("transmitted")[1];
  // Fewer than a burst wait in a ring for the rest of it: held on purpose, and said.
  CHECK(received - transmitted < kBurst);
  CHECK(indication["exact"] == (received == transmitted));
  CHECK(frames.arrive(transmitted));
  frames.send(kBurst);
  REQUIRE(program.polls_again());
  CHECK(frames.captured().size() == transmitted);
  const Instant resumed_at = BootClock().now();
  REQUIRE(program.ctl({"resume"}).exit_status == 0);
  CHECK(frames.arrive(5 * kBurst));
  CHECK(frames.in_order());
  for (const auto& frame : frames.captured()) CHECK((frame.at < quiesced_at || frame.at >= resumed_at));

  SECTION("packets that stay in a ring are unaccounted") {
    frames.send(10);
    REQUIRE(eventually(30s, [&] { return program.column("received")[0] == frames.sent(); }));
    const auto held = program.ctl_json({"quiesce", "--drain-timeout", "10s"});
    CHECK(held["exact"] == false);
    CHECK(held["basis"] == "settled");
    CHECK(held["unaccounted"] == 10);
    REQUIRE(program.ctl({"resume"}).exit_status == 0);
    frames.send(kBurst - 10);
    CHECK(frames.arrive(6 * kBurst));
    CHECK(frames.in_order());
  }
}

TEST_CASE("stillwaterctl agent says what is missing: the socket, the plug-in, a right argument") {
  const auto ctl = [](std::vector<std::string> words) {
    words.insert(words.begin(), {STILLWATERCTL, "agent"});
    auto output = rig::run_command(words);
    REQUIRE(output.has_value());
    return *output;
  };
  const auto nobody = ctl({"status", "--file-prefix", "nobody-runs-with-this"});
  CHECK(nobody.exit_status == 3);
  CHECK_THAT(nobody.err,
             Contains("no telemetry socket /var/run/dpdk/nobody-runs-with-this/dpdk_telemetry.v2: "
                      "start the program with -d libstillwater_agent.so"));
  CHECK(ctl({"quiesce", "--ports", "0,x"}).exit_status == 2);
  CHECK(ctl({"quiesce", "--drain-timeout", "10s"}).exit_status == 2);
  CHECK(ctl({}).exit_status == 2);

  Testpmd bare("", {}, false);
  const auto without = bare.program.ctl({"status"});
  CHECK(without.exit_status == 1);
  CHECK_THAT(without.err,
             Contains("the program runs without the agent; start it with -d libstillwater_agent.so"));
  CHECK(ctl({"status", "--socket", bare.program.socket()}).exit_status == 1);
}

}  // namespace stillwater::e2e
