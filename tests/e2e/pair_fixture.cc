#include "tests/e2e/pair_fixture.h"

#include <catch2/catch.hpp>

#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

rig::Topology build_network() {
  auto network = rig::Topology::build(rig::pair_network(rig::DataPorts::of_the_daemon), rig::own_prefix());
  if (!network) FAIL(network.error().message);
  return std::move(*network);
}

}  // namespace

PairFixture::PairFixture(const std::string& test_name, const std::function<std::string(std::string)>& edit_b,
                         const std::function<std::string(std::string)>& edit_a)
    : network(build_network()),
      where(places(test_name)),
      a(where, "fw-a", network.space("active"), edit_a),
      b(where, "fw-b", network.space("standby"), edit_b) {}

void PairFixture::start_in_sync() {
  a.start();
  b.start();
  INFO("fw-a: " << a.log() << "\nfw-b: " << b.log());
  REQUIRE(eventually(30s, [&] { return a.status().value("can_fail_over", false); }));
  REQUIRE(a.role() == "active");
  REQUIRE(b.role() == "standby");
}

void PairFixture::set_replication_cable(const std::string& state) {
  const Status done =
      rig::must_run({"ip", "-n", network.space("active").name(), "link", "set", "repl0", state});
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
