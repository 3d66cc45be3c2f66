// Each fault does what its name says, to a process that nobody needs.
#include <cerrno>
#include <ctime>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/rig/faults/breakpoint.h"
#include "tests/rig/faults/catalogue.h"
#include "tests/rig/faults/symbols.h"
#include "tests/rig/process/command.h"
#include "tests/rig/run/strikes.h"
#include "tests/unit/rig/harmless_pair.h"

namespace stillwater::rig {
namespace {

// The fault, the network and the pair that it is done to.
class Scene {
 public:
  explicit Scene(bool small_disk = true) : pair(folder.path, small_disk) {
    auto built = Topology::build(pair.plan(), own_prefix());
    REQUIRE(built);
    topology.emplace(std::move(*built));
    REQUIRE(pair.start(*topology));
  }
  ~Scene() = default;
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  std::unique_ptr<Fault> prepared(const std::string& named) {
    auto fault = make_fault(named, {pair, *topology});
    INFO((fault ? named : fault.error().message));
    REQUIRE(fault);
    const Status ready = (*fault)->prepare();
    INFO((ready ? named : ready.error().message));
    REQUIRE(ready);
    return std::move(*fault);
  }
  [[nodiscard]] pid_t pid(NodeId id) const { return pair.node(id).processes.front(); }
  [[nodiscard]] bool up(NodeId id, const std::string& interface) const {
    const auto shown =
        run_command({"ip", "-n", topology->space(name_of(id)).name(), "-o", "link", "show", interface});
    REQUIRE(shown);
    return shown->out.find(",UP") != std::string::npos;
  }
  // Whether a node's process comes to stand still, or to run. A signal is carried out by the process
  // that it is for, in its own time.
  [[nodiscard]] bool stops(bool still, NodeId id = NodeId::active) const {
    const BootClock clock;
    const Instant deadline = clock.now() + 30s;
    do {
      std::ifstream file("/proc/" + std::to_string(pid(id)) + "/stat");
      std::string word;
      char state = '?';
      file >> word >> word >> state;
      if ((state == 'T') == still) return true;
    } while (clock.now() < deadline);
    return false;
  }

 private:
  struct Folder {
    Folder() {
      char made[] = "/tmp/rig-faults-XXXXXX";
      path = mkdtemp(made);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path;
  };
  Folder folder;

 public:
  std::optional<Topology> topology;  // outlives the pair
  HarmlessPair pair;
};

}  // namespace

TEST_CASE("a process that is killed is gone, and whether its links go too is the fault's name") {
  Scene scene;
  const bool links_go = GENERATE(true, false);
  const auto fault = scene.prepared(links_go ? "kill" : "kill-process");
  const Ending end(scene.pid(NodeId::active));
  const Instant before = BootClock().now();
  const auto struck = fault->strike();
  REQUIRE(struck);
  CHECK(struck->at >= before);
  CHECK(struck->at + struck->took <= BootClock().now());
  CHECK(end.comes());
  for (const char* interface : {"in0", "out0"}) {
    CHECK(scene.up(NodeId::active, interface) == !links_go);
    CHECK(scene.up(NodeId::standby, interface));
  }
  CHECK(scene.up(NodeId::active, "repl0"));  // its kernel lives
  CHECK(scene.pair.gone == std::vector{NodeId::active});
  CHECK(fault->expectation().successor);
  CHECK_FALSE(fault->heals_after());
}

TEST_CASE("a node that lost power boots when it is told to, with an empty memory") {
  Scene scene;
  const auto fault = scene.prepared("power:20ms");
  CHECK(fault->heals_after() == 20ms);
  const Ending end(scene.pid(NodeId::active));
  REQUIRE(fault->strike());
  CHECK(end.comes());
  REQUIRE(fault->heal());
  CHECK(scene.pair.forgotten == std::vector{NodeId::active});
  CHECK_FALSE(Ending(scene.pid(NodeId::active)).comes(20));
  for (const char* interface : {"in0", "out0", "repl0", "repl1", "wit0"}) {
    CHECK(scene.up(NodeId::active, interface));
  }
}

TEST_CASE("both nodes lose power at once, or the standby alone") {
  Scene scene;
  const bool both = GENERATE(true, false);
  const auto fault = scene.prepared(both ? "power-both" : "standby-lost");
  const Ending standby(scene.pid(NodeId::standby));
  const Ending active(scene.pid(NodeId::active));
  REQUIRE(fault->strike());
  CHECK(standby.comes());
  CHECK(active.comes(both ? 30000 : 20) == both);
  CHECK_FALSE(scene.up(NodeId::standby, "in0"));
  CHECK(scene.up(NodeId::active, "in0") == !both);
}

TEST_CASE("a frozen process stands still with its carrier kept, until it is thawed or the fault goes") {
  Scene scene;
  auto fault = scene.prepared("freeze:30ms");
  CHECK(fault->heals_after() == 30ms);
  REQUIRE(fault->strike());
  CHECK(scene.stops(true));
  CHECK(scene.up(NodeId::active, "in0"));
  CHECK(scene.pair.gone.empty());
  if (GENERATE(true, false)) {
    REQUIRE(fault->heal());
  } else {
    fault.reset();
  }
  CHECK(scene.stops(false));
}

TEST_CASE("a cut link is that link alone, and is plugged in again") {
  Scene scene;
  const auto [name, node, interface] =
      GENERATE(table<std::string, NodeId, std::string>({{"cut-inside", NodeId::active, "in0"},
                                                        {"cut-outside", NodeId::active, "out0"},
                                                        {"cut-replication", NodeId::active, "repl0"},
                                                        {"cut-standby-inside", NodeId::standby, "in0"},
                                                        {"cut-second-cable", NodeId::active, "repl1"},
                                                        {"cut-witness", NodeId::active, "wit0"},
                                                        {"cut-standby-outside", NodeId::standby, "out0"},
                                                        {"cut-standby-witness", NodeId::standby, "wit0"}}));
  const auto fault = scene.prepared(name + ":1ms");
  REQUIRE(fault->strike());
  for (const std::string port : {"in0", "out0", "repl0", "repl1", "wit0"}) {
    CHECK(scene.up(node, port) == (port != interface));
    CHECK(scene.up(other(node), port));
  }
  CHECK_FALSE(Ending(scene.pid(node)).comes(1));
  CHECK(fault->expectation().loses_service ==
        (node == NodeId::active && (interface == "in0" || interface == "out0")));
  REQUIRE(fault->heal());
  CHECK(scene.up(node, interface));
}

TEST_CASE("a restart is a new process; a planned stop is the system's own") {
  Scene scene;
  const pid_t old = scene.pid(NodeId::active);
  const Ending end(old);
  const bool restart = GENERATE(true, false);
  REQUIRE(scene.prepared(restart ? "restart" : "planned-stop")->strike());
  CHECK(end.comes());
  if (restart) CHECK_FALSE(Ending(scene.pid(NodeId::active)).comes(20));
  CHECK(scene.pair.gone.empty() == restart);
}

TEST_CASE(
    "a switchover moves the lead, and back where it is healed; a system that knows none cannot suffer it") {
  Scene scene;
  const auto there = scene.prepared("switchover");
  CHECK(there->expectation().successor);
  CHECK_FALSE(there->heals_after());
  const auto back = scene.prepared("switchover:20ms");
  CHECK_FALSE(back->expectation().successor);
  CHECK(back->heals_after() == 20ms);
  REQUIRE(back->strike());
  REQUIRE(back->heal());
  CHECK(scene.pair.led_from == std::vector{NodeId::active, NodeId::standby});
  CHECK(scene.pair.gone.empty());
  CHECK(check_possible("switchover", scene.pair));
  scene.pair.switches_over = false;
  CHECK_FALSE(check_possible("switchover", scene.pair));
}

TEST_CASE("what happens to the active happens to the standby by its name") {
  Scene scene;
  const pid_t active = scene.pid(NodeId::active);
  const Ending end(scene.pid(NodeId::standby));
  const auto freeze = scene.prepared("freeze-standby:30ms");
  REQUIRE(freeze->strike());
  CHECK(scene.stops(true, NodeId::standby));
  REQUIRE(freeze->heal());
  CHECK(scene.stops(false, NodeId::standby));
  REQUIRE(scene.prepared("restart-standby")->strike());
  CHECK(end.comes());
  CHECK_FALSE(Ending(scene.pid(NodeId::standby)).comes(20));
  CHECK(scene.pid(NodeId::active) == active);
}

TEST_CASE("a witness is away until it is healed, and a pair without one cannot lose it") {
  Scene scene;
  const auto fault = scene.prepared("witness-down:20ms");
  CHECK(fault->heals_after() == 20ms);
  CHECK_FALSE(fault->expectation().loses_service);
  REQUIRE(fault->strike());
  CHECK(scene.pair.witness == false);
  REQUIRE(fault->heal());
  CHECK(scene.pair.witness == true);
  scene.pair.witness.reset();
  CHECK(check_possible("witness-down", scene.pair).error().code == Errc::failed_precondition);
  CHECK_FALSE((*make_fault("witness-down", {scene.pair, *scene.topology}))->prepare());
}

TEST_CASE("a process dies where the breakpoint is, and nowhere else") {
  Scene scene;
  const Ending end(scene.pid(NodeId::active));
  const auto fault = scene.prepared("crash:harmless::turn");
  REQUIRE(fault->strike());
  CHECK(end.comes());

  auto never = address_in_process(scene.pid(NodeId::standby), "harmless::never");
  REQUIRE(never);
  Result<Instant> killed = Instant{};
  const Ending standby(scene.pid(NodeId::standby));
  std::thread([&] { killed = kill_at(scene.pid(NodeId::standby), *never, 50ms); }).join();
  REQUIRE_FALSE(killed);
  CHECK(killed.error().code == Errc::timed_out);
  CHECK_FALSE(standby.comes(50));
}

TEST_CASE("a function that the program does not have is said before anything happens") {
  Scene scene;
  auto fault = make_fault("crash:harmless::absent", {scene.pair, *scene.topology});
  REQUIRE(fault);
  const Status ready = (*fault)->prepare();
  REQUIRE_FALSE(ready);
  CHECK(ready.error().message.find("harmless::absent") != std::string::npos);
  CHECK(names_function("a::b(int) const", "a::b"));
  CHECK_FALSE(names_function("a::bc(int)", "a::b"));
  CHECK_FALSE(names_function("a::b(int) [clone .cold]", "a::b"));
}

TEST_CASE("a full disk takes no byte more, and has space again once it is healed") {
  Scene scene;
  const auto writes = [&] {
    std::ofstream file(scene.pair.node(NodeId::active).folder + "/file");
    file << std::string(8192, 'x') << std::flush;
    return file.good();
  };
  const auto fault = scene.prepared("disk-full");
  CHECK(writes());
  std::filesystem::remove(scene.pair.node(NodeId::active).folder + "/file");
  REQUIRE(fault->strike());
  CHECK_FALSE(writes());
  REQUIRE(fault->heal());
  CHECK(writes());
}

TEST_CASE("a disk that is not made to be filled is not filled") {
  Scene scene(false);
  auto fault = make_fault("disk-full", {scene.pair, *scene.topology});
  REQUIRE(fault);
  const Status ready = (*fault)->prepare();
  REQUIRE_FALSE(ready);
  CHECK(ready.error().message.find("will not be filled") != std::string::npos);
}

TEST_CASE("a stepped clock is set back, by heal or by the fault's end") {
  Scene scene;
  auto made = make_fault("clock-step:40ms", {scene.pair, *scene.topology});
  REQUIRE(made);
  if (!(*made)->prepare()) return;  // a container may forbid it; a scenario says so then
  const auto ahead = [] {
    timespec real{}, boot{};
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return std::chrono::seconds(real.tv_sec - boot.tv_sec) + Nanos(real.tv_nsec - boot.tv_nsec);
  };
  const Nanos before = ahead();
  REQUIRE((*made)->strike());
  CHECK(ahead() - before > 20ms);
  if (GENERATE(true, false)) {
    REQUIRE((*made)->heal());
  } else {
    made->reset();
  }
  CHECK(ahead() - before < 20ms);
}

TEST_CASE("a fault that does not exist is refused with the names of those that do") {
  for (const char* named :
       {"", "kil", "kill:soon", "planned-stop:1s", "crash:nowhere", "freeze:-1s", "command", "command:"}) {
    CAPTURE(named);
    const Status known = check_fault(named);
    REQUIRE_FALSE(known);
    CHECK(known.error().code == Errc::invalid_argument);
  }
  CHECK(check_fault("kil").error().message.find("kill-process") != std::string::npos);
  for (const FaultEntry& entry : list_faults()) {
    CAPTURE(entry.name);
    CHECK(check_fault(entry.name == "command" ? "command:mine" : entry.name));
    CHECK_FALSE(entry.help.empty());
  }
}

TEST_CASE(
    "a process that another fault restarted is the one that is killed; one that is gone is no mistake") {
  Scene scene;
  const auto kill = scene.prepared("kill-process");
  const auto again = scene.prepared("power");
  REQUIRE(scene.prepared("restart")->strike());
  const Ending end(scene.pid(NodeId::active));
  REQUIRE(kill->strike());
  CHECK(end.comes());
  REQUIRE(again->strike());
  CHECK_FALSE(scene.up(NodeId::active, "in0"));
}

TEST_CASE("a thaw leaves alone what was started meanwhile") {
  Scene scene;
  const auto freeze = scene.prepared("freeze:500ms");
  REQUIRE(freeze->strike());
  CHECK(scene.stops(true));
  REQUIRE(scene.pair.restart(NodeId::active));
  REQUIRE(freeze->heal());
  CHECK_FALSE(Ending(scene.pid(NodeId::active)).comes(20));
}

TEST_CASE("a fault that the system brings along is the system's to strike and to heal") {
  Scene scene;
  int struck = 0;
  scene.pair.own = OwnFault{.expectation = {.gone = {}, .successor = true},
                            .strike = [&]() -> Status {
                              ++struck;
                              return {};
                            },
                            .heal = [&]() -> Status {
                              --struck;
                              return {};
                            },
                            .heals_after = 20ms};
  const auto fault = scene.prepared("command:mine");
  CHECK(fault->heals_after() == 20ms);
  CHECK(fault->expectation().successor);
  REQUIRE(fault->strike());
  CHECK(struck == 1);
  REQUIRE(fault->heal());
  CHECK(struck == 0);
  scene.pair.own.reset();
  auto none = make_fault("command:mine", {scene.pair, *scene.topology});
  REQUIRE(none);
  CHECK((*none)->prepare().error().code == Errc::failed_precondition);
}

TEST_CASE("the strikes of a schedule expect together; what is soon over needs no successor") {
  Scene scene;
  const auto expected = [&](const std::string& schedule) {
    const auto strikes = Strikes::prepare(schedule, 1, {scene.pair, *scene.topology});
    INFO((strikes ? schedule : strikes.error().message));
    REQUIRE(strikes);
    return strikes->expectation(150ms);
  };
  CHECK_FALSE(expected("none"));
  CHECK(expected("cut-replication + kill@20ms")->successor);
  CHECK(expected("kill + standby-lost@20ms")->takes_all());
  CHECK(expected("freeze:200ms")->successor);
  CHECK_FALSE(expected("freeze:100ms")->successor);
  CHECK_FALSE(expected("cut-replication + standby-lost")->loses_service);
}

TEST_CASE("the way back of a switchover is a strike of its own, a thaw is none") {
  const auto [schedule, counts] =
      GENERATE(table<std::string, bool>({{"switchover:20ms", true}, {"freeze:20ms", false}}));
  Scene scene;
  auto strikes = Strikes::prepare(schedule, 1, {scene.pair, *scene.topology});
  REQUIRE(strikes);
  REQUIRE(strikes->act(BootClock().now()));
  const Instant struck = *strikes->struck_at();
  CHECK(strikes->last_struck_at() == struck);
  REQUIRE(strikes->act(struck + 20ms));
  REQUIRE(strikes->healed_at());
  CHECK((*strikes->last_struck_at() > struck) == counts);
}

TEST_CASE("several faults strike and heal each at its own time") {
  Scene scene;
  auto strikes =
      Strikes::prepare("cut-replication:30ms + kill-process@20ms", 1, {scene.pair, *scene.topology});
  REQUIRE(strikes);
  const Ending end(scene.pid(NodeId::active));
  REQUIRE(strikes->act(BootClock().now()));
  const Instant struck = *strikes->struck_at();
  CHECK_FALSE(scene.up(NodeId::active, "repl0"));
  CHECK(strikes->next_due() == struck + 20ms);
  REQUIRE(strikes->act(struck + 20ms));
  CHECK(end.comes());
  CHECK_FALSE(strikes->healed_at());
  CHECK(strikes->next_due() == struck + 30ms);
  REQUIRE(strikes->act(struck + 30ms));
  CHECK(scene.up(NodeId::active, "repl0"));
  CHECK_FALSE(strikes->next_due());
}

}  // namespace stillwater::rig
