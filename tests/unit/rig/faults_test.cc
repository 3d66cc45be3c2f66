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
  // Whether the active's process comes to stand still, or to run. A signal is carried out by the process
  // that it is for, in its own time.
  [[nodiscard]] bool stops(bool still) const {
    const BootClock clock;
    const Instant deadline = clock.now() + 30s;
    do {
      std::ifstream file("/proc/" + std::to_string(pid(NodeId::active)) + "/stat");
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
  for (const char* interface : {"in0", "out0", "repl0"}) {
    CHECK(scene.up(NodeId::active, interface) == !links_go);
    CHECK(scene.up(NodeId::standby, interface));
  }
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
  for (const char* interface : {"in0", "out0", "repl0"}) CHECK(scene.up(NodeId::active, interface));
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
  const auto [name, interface] = GENERATE(table<std::string, std::string>(
      {{"cut-inside", "in0"}, {"cut-outside", "out0"}, {"cut-replication", "repl0"}}));
  const auto fault = scene.prepared(name + ":1ms");
  REQUIRE(fault->strike());
  for (const std::string port : {"in0", "out0", "repl0"}) {
    CHECK(scene.up(NodeId::active, port) == (port != interface));
  }
  CHECK_FALSE(Ending(scene.pid(NodeId::active)).comes(1));
  REQUIRE(fault->heal());
  CHECK(scene.up(NodeId::active, interface));
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
  for (const char* named : {"", "kil", "kill:soon", "planned-stop:1s", "crash:nowhere", "freeze:-1s"}) {
    CAPTURE(named);
    const Status known = check_fault(named);
    REQUIRE_FALSE(known);
    CHECK(known.error().code == Errc::invalid_argument);
  }
  CHECK(check_fault("kil").error().message.find("kill-process") != std::string::npos);
  for (const FaultEntry& entry : list_faults()) {
    CAPTURE(entry.name);
    CHECK(check_fault(entry.name));
    CHECK_FALSE(entry.help.empty());
  }
}

}  // namespace stillwater::rig
