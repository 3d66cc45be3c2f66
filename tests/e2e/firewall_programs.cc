// What people run through a firewall goes on when its active dies: downloads, requests, streams, an ssh
// session, lookups, through each kind of translation, and over IPv6, which has none.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"
#include "tests/e2e/pair_fixture.h"
#include "tests/rig/load/programs/program.h"
#include "tests/rig/process/command.h"
#include "tests/rig/scenario/scenario.h"

namespace stillwater::e2e {
namespace {

constexpr Nanos kProgramsRun = 6s;

constexpr const char* kServerAddress6 = "2001:db8:2::2";

// How the programs' client reaches their server.
struct Way {
  std::string name;
  Edit edit;
  const char* client_space;
  const char* server_space;
  std::string server_address;
  const char* sessions = "sessions";  // where status counts theirs
};

std::string with_ipv6(std::string text) {
  text = replaced(std::move(text), "[10.80.1.1/24]", "[10.80.1.1/24, \"2001:db8:1::1/64\"]");
  return replaced(std::move(text), "[10.80.2.1/24]", "[10.80.2.1/24, \"2001:db8:2::1/64\"]");
}

// The section of source NAT, which ends where that of time-outs begins, replaced.
Edit with_nat(const std::string& sections) {
  return [sections](std::string text) {
    const std::size_t begin = text.find("source_nat:");
    const std::size_t end = text.find("timeouts:");
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    return text.replace(begin, end - begin, sections);
  };
}

// The client's namespace is inside. A rule that lets those outside in goes on from the list before.
std::vector<Way> ways() {
  const std::string let_in = "  - {id: 30, action: allow, from: outside, to: inside}\n\n";
  const std::string leave =
      "source_nat: [{from: inside, to: outside, address: 10.80.2.1, ports: 10000-65535}]\n";
  const std::string forwards =
      "destination_nat:\n"
      "  - {from: outside, address: 10.80.2.1, protocol: tcp, ports: 1024-9999, to: 10.80.1.2}\n"
      "  - {from: outside, address: 10.80.2.1, protocol: udp, ports: 1024-9999, to: 10.80.1.2}\n";
  const std::string one_to_one = "static_nat: [{port: outside, outside: 10.80.2.20, inside: 10.80.1.2}]\n";
  const std::string pool =
      "source_nat: [{from: inside, to: outside, pool: 10.80.2.10-10.80.2.13, filtering: "
      "endpoint_independent}]\n";
  const std::string per_session =
      "source_nat: [{from: inside, to: outside, address: 10.80.2.1, mapping: per_session}]\n";
  return {{"source-nat", {}, "client", "server", rig::kServerAddress},
          {"no-nat", with_nat(""), "client", "server", rig::kServerAddress},
          {"pool", with_nat(pool), "client", "server", rig::kServerAddress},
          {"port-of-each-session", with_nat(per_session), "client", "server", rig::kServerAddress},
          {"port-forward", with_nat(let_in + leave + forwards), "server", "client", "10.80.2.1"},
          {"one-to-one-out", with_nat(one_to_one), "client", "server", rig::kServerAddress},
          {"one-to-one-in", with_nat(let_in + one_to_one), "server", "client", "10.80.2.20"},
          {"hairpin", with_nat(let_in + leave + forwards), "client", "client", "10.80.2.1"},
          {"ipv6", with_ipv6, "client", "server", kServerAddress6, "sessions6"}};
}

rig::Plan network_with_a_way_back() {
  rig::Plan plan = network_of_a_pair();
  plan.routes.push_back({"server", "10.80.1.0/24", "10.80.2.1"});
  for (const char* space : {"client", "server"})
    plan.settings.push_back({space, "net/ipv6/conf/default/disable_ipv6", "0"});
  return plan;
}

// Addresses of IPv6 at both ends, and ways to each other.
void give_ipv6(const PairFixture& pair) {
  for (const auto& [space, net] : {std::pair{"client", "1"}, std::pair{"server", "2"}}) {
    const std::string subnet = std::string("2001:db8:") + net;
    for (const std::vector<std::string>& argv :
         {std::vector<std::string>{"ip", "address", "add", subnet + "::2/64", "dev", "eth0", "nodad"},
          std::vector<std::string>{"ip", "-6", "route", "add", "default", "via", subnet + "::1"}}) {
      const auto said = rig::run_command_in(pair.network.space(space).fd(), argv, 20s);
      REQUIRE(said.has_value());
      INFO(said->out << said->err);
      REQUIRE(said->exit_status == 0);
    }
  }
}

// All known programs, in one folder.
struct Programs {
  Programs(const PairFixture& pair, const Way& way) {
    const std::string folder = pair.where.out + "/programs";
    std::filesystem::create_directories(folder);
    for (const std::string& name : rig::known_programs()) {
      auto program = rig::make_program(name, {.client_space_fd = pair.network.space(way.client_space).fd(),
                                              .server_space_fd = pair.network.space(way.server_space).fd(),
                                              .server_address = way.server_address,
                                              .folder = folder,
                                              .runs_for = kProgramsRun});
      INFO(name);
      REQUIRE(program->start_server());
      REQUIRE(eventually(10s, [&] { return program->serving().value_or(false); }));
      REQUIRE(program->start_client());
      all.push_back({name, std::move(program)});
    }
  }

  void must_have_worked() {
    for (auto& [name, program] : all) {
      const bool over = eventually(Nanos(kProgramsRun) * 4, [&] { return program->over(); });
      const rig::ProgramOutcome outcome = program->finish();
      INFO(name << ": " << outcome.broke);
      CHECK(over);
      CHECK(outcome.broke.empty());
    }
  }

  std::vector<std::pair<std::string, std::unique_ptr<rig::Program>>> all;
};

bool has_all_tools() {
  for (const std::string& name : rig::known_programs())
    for (const std::string& tool : rig::tools_of(name))
      if (!rig::is_in_path(tool)) {
        WARN("skipped: needs " << tool);
        return false;
      }
  return true;
}

}  // namespace

TEST_CASE(
    "downloads, streams, ssh and lookups go on through every kind of NAT, and over IPv6, when the active is "
    "killed",
    "[programs]") {
  if (!has_all_tools()) return;
  const std::vector<Way> all = ways();
  const Way& way = all[GENERATE_COPY(range(std::size_t{0}, all.size()))];
  INFO(way.name);
  PairFixture pair("programs-" + way.name, way.edit, way.edit, network_with_a_way_back());
  give_ipv6(pair);
  pair.start_in_sync();
  Programs programs(pair, way);
  REQUIRE(eventually(10s, [&] { return pair.a.status().value(way.sessions, 0) >= 4; }));
  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  programs.must_have_worked();
}

}  // namespace stillwater::e2e
