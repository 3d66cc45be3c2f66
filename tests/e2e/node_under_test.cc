#include "tests/e2e/node_under_test.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/rig/process/command.h"
#include "tests/rig/systems/config_values.h"

namespace stillwater::e2e {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Places places(const std::string& test_name) {
  const std::string build = STILLWATER_BUILD_DIR;
  Places p{build + "/appliance/stillwaterd", build + "/mgmt/stillwaterctl",
           build + "/mgmt/witness/stillwater-witness", STILLWATER_CONFIGS_DIR, build + "/e2e/" + test_name};
  std::filesystem::create_directories(p.out);
  return p;
}

void NodeUnderTest::use_daemon(const std::string& name) {
  places_.daemon = std::string(STILLWATER_BUILD_DIR) + "/tests/e2e/" + name;
}

NodeUnderTest::NodeUnderTest(const Places& places, std::string name, const rig::Space& space,
                             const std::function<std::string(std::string)>& edit)
    : places_(places),
      name_(std::move(name)),
      config_path_(places.out + "/" + name_ + ".yaml"),
      socket_path_(places.out + "/" + name_ + ".sock"),
      space_fd_(space.fd()) {
  const std::string example = places.configs + (name_ == "fw-a" ? "/firewall-a.yaml" : "/firewall-b.yaml");
  const std::string text = read_file(example);
  const auto config =
      rig::with_values(edit ? edit(text) : text, {{"node.management", "unix:" + socket_path_}});
  REQUIRE(config.has_value());
  std::ofstream(config_path_) << *config;
}

void NodeUnderTest::start() {
  const std::string log = log_path(starts_++);
  child_.reset();
  auto child = rig::Child::start({places_.daemon, "--config", config_path_}, space_fd_, log);
  REQUIRE(child.has_value());
  child_.emplace(std::move(*child));
}

void NodeUnderTest::kill() {
  ::kill(child_->pid(), SIGKILL);
  REQUIRE(eventually(5s, [&] { return child_->ended().has_value(); }));
}

int NodeUnderTest::exit_status_within(Nanos limit) {
  if (!eventually(limit, [&] { return child_->ended().has_value(); })) return -1;
  const std::string how = *child_->ended();
  const std::string prefix = "exited with status ";
  return how.starts_with(prefix) ? std::stoi(how.substr(prefix.size())) : -1;
}

std::vector<std::string> NodeUnderTest::command(const std::vector<std::string>& words) const {
  std::vector<std::string> argv = {places_.client, "--address", "unix:" + socket_path_, "--json"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

nlohmann::json NodeUnderTest::ask(const std::vector<std::string>& words) const {
  const auto said = rig::run_command(command(words), 5s);
  if (!said || said->exit_status != 0) return nlohmann::json::object();
  return nlohmann::json::parse(said->out, nullptr, false);
}

bool NodeUnderTest::obeys(const std::vector<std::string>& words) const {
  const auto said = rig::run_command(command(words), 5s);
  return said && said->exit_status == 0;
}

std::string NodeUnderTest::refusal(const std::vector<std::string>& words) const {
  const auto said = rig::run_command(command(words), 5s);
  REQUIRE(said.has_value());
  CHECK(said->exit_status == 1);
  return said->err;
}

std::string NodeUnderTest::logs() const {
  std::string all;
  for (unsigned start = 0; start < starts_; ++start) all += read_file(log_path(start));
  return all;
}

std::string NodeUnderTest::log() const { return read_file(child_->log_path()); }

}  // namespace stillwater::e2e
