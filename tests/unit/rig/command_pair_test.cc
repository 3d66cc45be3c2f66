// A system made of commands does what the commands say, in the namespace of the node that they are for.
#include "tests/rig/systems/command_pair.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "tests/rig/process/command.h"
#include "tests/rig/systems/catalogue.h"
#include "tests/unit/rig/harmless_pair.h"

namespace stillwater::rig {
namespace {

// Leads where the folder has a file "leads"; its process writes "began" and waits.
CommandSystem sample() {
  CommandSystem commands;
  commands.name = "sample";
  commands.start = "echo began > \"$STILLWATER_RIG_FOLDER/began\"; sleep 600 & wait";
  commands.ready = "test -e \"$STILLWATER_RIG_FOLDER/began\"";
  commands.active = "test -e \"$STILLWATER_RIG_FOLDER/leads\"";
  return commands;
}

class Scene {
 public:
  explicit Scene(CommandSystem commands) : pair(std::move(commands), make_folder(), false) {
    auto built = Topology::build(pair.plan(), own_prefix());
    REQUIRE(built);
    topology.emplace(std::move(*built));
  }
  ~Scene() { std::filesystem::remove_all(folder); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  void start() {
    const Status started = pair.start(*topology);
    INFO((started ? "" : started.error().message));
    REQUIRE(started);
  }
  // Asks until the answer has `words` in it; empty words: until there is nothing to wait for.
  [[nodiscard]] bool comes_to(const std::string& words) {
    const BootClock clock;
    const Instant deadline = clock.now() + 30s;
    do {
      last = pair.not_ready_because();
      if (words.empty() ? last.empty() : last.find(words) != std::string::npos) return true;
    } while (clock.now() < deadline);
    return false;
  }
  void touch(NodeId id, const std::string& file) const {
    std::ofstream(folder + "/" + name_of(id) + "/" + file) << "x";
  }
  [[nodiscard]] std::string text(NodeId id, const std::string& file) const {
    std::ifstream in(folder + "/" + name_of(id) + "/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string make_folder() {
    char made[] = "/tmp/rig-command-XXXXXX";
    folder = mkdtemp(made);
    return folder;
  }

 public:
  std::string folder;
  std::string last;
  std::optional<Topology> topology;  // outlives the pair
  CommandPair pair;
};

}  // namespace

TEST_CASE("a pair of commands is started, asked who leads, and told apart from one that is not ready") {
  Scene scene(sample());
  scene.start();
  CHECK(scene.comes_to("the active does not lead"));
  CHECK_FALSE(std::filesystem::exists(scene.folder + "/standby/began"));
  scene.touch(NodeId::active, "leads");
  CHECK(scene.comes_to(""));
  CHECK(scene.pair.takeover()->empty());
  CHECK(scene.pair.trouble().empty());

  scene.touch(NodeId::standby, "leads");
  CHECK(scene.pair.not_ready_because() == "both nodes lead");
  CHECK(*scene.pair.takeover() == "the standby leads");
  scene.pair.expect_gone(NodeId::standby);
  CHECK(scene.pair.takeover()->empty());
  CHECK(scene.pair.not_redundant_because() == "the standby does not run");
}

TEST_CASE("a pair that says itself whether it is redundant is believed") {
  CommandSystem commands = sample();
  commands.redundant = "test -e \"$STILLWATER_RIG_FOLDER/redundant\"";
  Scene scene(commands);
  scene.start();
  scene.touch(NodeId::active, "leads");
  CHECK(scene.comes_to("does not say that it is redundant"));
  scene.touch(NodeId::active, "redundant");
  CHECK(scene.comes_to(""));
}

TEST_CASE("what a node's command began ends with it, and a start that ends by itself is trouble") {
  Scene scene(sample());
  scene.start();
  REQUIRE(scene.comes_to("the active does not lead"));  // it runs
  const pid_t group = scene.pair.node(NodeId::active).processes.at(0);
  CHECK(getpgid(group) == group);
  kill(-group, SIGKILL);
  const BootClock clock;
  const Instant deadline = clock.now() + 30s;
  while (scene.pair.trouble().empty() && clock.now() < deadline) {
  }
  CHECK_THAT(scene.pair.trouble(), Catch::StartsWith("`start` of the active was ended by signal 9"));
  scene.pair.expect_gone(NodeId::active);
  CHECK(scene.pair.trouble().empty());
  REQUIRE(scene.pair.restart(NodeId::active));
  CHECK(scene.pair.node(NodeId::active).processes.at(0) != group);
  CHECK_THAT(scene.pair.log_tails(), Catch::Contains("start-2.log"));
}

TEST_CASE("a setup that fails stops the run with what it said") {
  CommandSystem commands = sample();
  commands.setup = "echo no such module >&2; exit 3";
  Scene scene(commands);
  const Status started = scene.pair.start(*scene.topology);
  REQUIRE_FALSE(started);
  CHECK_THAT(started.error().message, Catch::Contains("`setup` of the active exited with status 3") &&
                                          Catch::Contains("no such module"));
}

TEST_CASE("commands run in their node's namespace and know their node, its interfaces and the other one") {
  CommandSystem commands = sample();
  commands.setup = "env > \"$STILLWATER_RIG_FOLDER/env\"; ip -o link > \"$STILLWATER_RIG_FOLDER/links\"";
  Scene scene(commands);
  scene.start();
  const std::string environment = scene.text(NodeId::active, "env");
  for (const char* line :
       {"STILLWATER_RIG_NODE=active\n", "STILLWATER_RIG_INSIDE=in0\n",
        "STILLWATER_RIG_INSIDE_ADDRESS=10.80.1.11\n", "STILLWATER_RIG_PEER_OUTSIDE_ADDRESS=10.80.2.12\n",
        "STILLWATER_RIG_PEER_REPLICATION_ADDRESS=10.80.3.2\n",
        "STILLWATER_RIG_SERVICE_INSIDE=10.80.1.1/24\n"}) {
    CHECK_THAT(environment, Catch::Contains(line));
  }
  const std::string links = scene.text(NodeId::active, "links");
  CHECK_THAT(links, Catch::Contains("in0@") && Catch::Contains("repl0@"));
  CHECK(links.find("br-in") == std::string::npos);
}

TEST_CASE("a stop in order is the system's command, else a signal; a fault of its own is its command too") {
  CommandSystem commands = sample();
  commands.stop = "echo $STILLWATER_RIG_PID > \"$STILLWATER_RIG_FOLDER/stopped\"";
  commands.faults = {{.name = "trip",
                      .run = "touch \"$STILLWATER_RIG_FOLDER/tripped\"",
                      .heal = "rm \"$STILLWATER_RIG_FOLDER/tripped\"",
                      .heal_after = 20ms,
                      .successor = true},
                     {.name = "fail", .run = "exit 1"}};
  Scene scene(commands);
  scene.start();
  REQUIRE(scene.pair.stop_in_order(NodeId::active));
  const std::string pid = std::to_string(scene.pair.node(NodeId::active).processes.at(0));
  CHECK(scene.text(NodeId::active, "stopped") == pid + "\n");

  const auto trip = scene.pair.own_fault("trip");
  REQUIRE(trip);
  CHECK(trip->expectation.successor);
  CHECK(trip->heals_after == 20ms);
  REQUIRE(trip->strike());
  CHECK(std::filesystem::exists(scene.folder + "/active/tripped"));
  REQUIRE(trip->heal());
  CHECK_FALSE(std::filesystem::exists(scene.folder + "/active/tripped"));
  CHECK_FALSE(scene.pair.own_fault("fail")->strike());
  CHECK(scene.pair.own_fault("other").error().code == Errc::failed_precondition);
}

TEST_CASE("one node alone, forwarding by its kernel, needs no process") {
  CommandSystem commands;
  commands.name = "router";
  commands.nodes = 1;
  commands.setup = "true";
  Scene scene(commands);
  scene.start();
  CHECK(scene.pair.not_ready_because().empty());
  CHECK(scene.pair.node(NodeId::active).processes.empty());
  CHECK(scene.pair.nodes() == std::vector{NodeId::active});
  CHECK_FALSE(scene.pair.restart(NodeId::active));
  CHECK_FALSE(scene.pair.stop_in_order(NodeId::active));
}

TEST_CASE("a system that a scenario brings along is listed and made by its name") {
  SystemOptions options;
  options.out = "/absent";
  options.own = {sample()};
  CHECK(list_systems(options).back().name == "sample");
  const auto made = make_system("sample", options);
  REQUIRE(made);
  CHECK((*made)->name() == "sample");
}

TEST_CASE("a command leaves nothing behind, whether it ends in time or not") {
  char pattern[] = "/tmp/rig-command-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  const bool in_time = GENERATE(true, false);
  const std::string rest = in_time ? "exit 0" : "sleep 600";
  const auto said = run_command(
      {"/bin/sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $! > " + folder + "/pid; " + rest}, 500ms);
  CHECK(said.has_value() == in_time);
  std::ifstream file(folder + "/pid");
  pid_t left = 0;
  file >> left;
  REQUIRE(left > 0);
  CHECK(Ending(left).comes());
  std::filesystem::remove_all(folder);
}

}  // namespace stillwater::rig
