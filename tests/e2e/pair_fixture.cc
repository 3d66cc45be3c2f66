#include "tests/e2e/pair_fixture.h"

#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>

#include "ckpt_engine/trackers/factory.h"
#include "tests/rig/process/command.h"
#include "tests/rig/systems/witness.h"

namespace stillwater::e2e {
namespace {

rig::Topology built(const rig::Plan& plan) {
  auto network = rig::Topology::build(plan, rig::own_prefix());
  if (!network) FAIL(network.error().message);
  return std::move(*network);
}

// Whatever else a test looks at, no hard line may be written without a mark. And what a test finds must
// not hang on how long this machine stalls a thread: how short the time-outs may be, the rig measures.
Edit for_tests(const Edit& edit) {
  return [edit](std::string text) {
    if (can_verify()) text = replaced(text, "\ncheckpoint:\n", "\ncheckpoint:\n  verify: true\n");
    text = replaced(text, "failure_timeout: 20ms", "failure_timeout: 300ms");
    text = replaced(text, "lease: 20ms", "lease: 250ms");
    return edit ? edit(text) : text;
  };
}

}  // namespace

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool can_verify() {
  static const bool can = [] {
    for (const trackers::Availability& tracker : trackers::probe())
      if (tracker.name == "pagemap" && !tracker.usable)
        WARN("marks are not verified: " << tracker.usable.error().message);
      else if (tracker.name == "pagemap")
        return true;
    return false;
  }();
  return can;
}

std::string with_second_path(std::string text) {
  const bool is_a = text.find("name: fw-a") != std::string::npos;
  const std::string first = is_a ? "  peer: 10.80.3.2:7700\n" : "  peer: 10.80.3.1:7700\n";
  return replaced(std::move(text), first,
                  first + (is_a ? "  second_path: {listen: 10.80.6.1:7700, peer: 10.80.6.2:7700}\n"
                                : "  second_path: {listen: 10.80.6.2:7700, peer: 10.80.6.1:7700}\n"));
}

std::string with_arbiter(std::string text, const std::string& section) {
  const std::size_t begin = text.find("arbiter: witness");
  const std::size_t end = text.find("log:");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  return text.replace(begin, end - begin, section);
}

std::string without_arbiter(std::string text, const std::string& prefer) {
  return with_arbiter(std::move(text), "arbiter: none\nprefer: " + prefer + "\n");
}

rig::Plan network_of_a_pair() { return rig::with_witness(rig::pair_network(rig::DataPorts::of_the_daemon)); }

PairFixture::PairFixture(const std::string& test_name, const Edit& edit_b, const Edit& edit_a,
                         const rig::Plan& plan)
    : network(built(plan)),
      where(places(test_name)),
      a(where, "fw-a", network.space("active"), for_tests(edit_a)),
      b(where, "fw-b", network.space("standby"), for_tests(edit_b)) {
  std::filesystem::remove_all(where.out + "/witness");  // of an earlier run
  start_witness();
}

void PairFixture::start_witness() {
  auto started = rig::start_witness(where.witness, network, where.out + "/witness");
  REQUIRE(started.has_value());
  witness.emplace(std::move(*started));
}

void PairFixture::kill_witness() {
  kill(witness->pid(), SIGKILL);
  witness.reset();
}

PairFixture::~PairFixture() {
  for (const NodeUnderTest* node : {&a, &b}) {
    const std::string log = node->logs();
    const bool all_marked = log.find("unmarked write") == std::string::npos;
    UNSCOPED_INFO(log);
    CHECK(all_marked);
  }
}

void PairFixture::start_in_sync() {
  a.start();
  b.start();
  INFO("fw-a: " << a.log() << "\nfw-b: " << b.log());
  REQUIRE(eventually(30s, [&] {
    const nlohmann::json leader = a.status();
    return leader.value("can_fail_over", false) && leader.value("role", std::string()) == "active" &&
           b.role() == "standby";
  }));
}

Edit with_tracking(const std::string& keys) {
  return [keys](std::string text) {
    return replaced(std::move(text), "\nlog:", "\ntracking: {" + keys + "}\n\nlog:");
  };
}

void PairFixture::set_replication_cable(const std::string& state, const std::string& cable) {
  const Status done =
      rig::must_run({"ip", "-n", network.space("active").name(), "link", "set", cable, state});
  REQUIRE(done.has_value());
}

void PairFixture::open_flows(std::uint32_t count, std::uint32_t new_per_second) {
  flows = count;
  auto started = rig::TcpLoad::start({.client_space_fd = network.space("client").fd(),
                                      .server_space_fd = network.space("server").fd(),
                                      .server_address = rig::kServerAddress,
                                      .flows = count,
                                      .new_per_second = new_per_second});
  REQUIRE(started.has_value());
  load = std::move(*started);
  REQUIRE(eventually(30s, [&] { return load->flows().counts().established == flows; }));
}

void PairFixture::require_flows_survive() {
  load->flows().mark_fault();
  const bool all = eventually(20s, [&] { return load->flows().counts().survived == flows; });
  const rig::FlowCounts counts = load->flows().counts();
  INFO("survived " << counts.survived << ", broken " << counts.broken);
  REQUIRE(all);
  REQUIRE(counts.broken == 0);
}

}  // namespace stillwater::e2e
