#include "tests/e2e/etcd_pair.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/rig/relay/splice.h"
#include "tests/rig/wire/pair_wire.h"

namespace stillwater::e2e {
namespace {

std::string port(std::size_t member, int first) {
  return std::to_string(first + 100 * static_cast<int>(member));
}

std::string client_port(std::size_t member) { return port(member, 2379); }

std::string name(std::size_t member) { return "member" + std::to_string(member); }

std::string peer_url(std::size_t member) { return "http://127.0.0.1:" + port(member, 2380); }

// The newest term in which the member that wrote this log led; 0: none.
std::uint64_t led_in_term(const std::string& log_path) {
  const std::string words = "became leader at term ";
  std::uint64_t newest = 0;
  std::ifstream log(log_path);
  for (std::string line; std::getline(log, line);) {
    const std::size_t at = line.find(words);
    if (at != std::string::npos) newest = std::stoull(line.substr(at + words.size()));
  }
  return newest;
}

}  // namespace

Etcd::Etcd(const rig::Space& space, std::string folder, std::size_t members)
    : space_fd_(space.fd()), folder_(std::move(folder)), members_(members) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

std::string Etcd::data(std::size_t member) const { return folder_ + "/" + name(member); }
std::string Etcd::log(std::size_t member) const { return data(member) + ".log"; }

void Etcd::start() {
  for (std::size_t member = 0; member < members_.size(); ++member)
    if (!members_[member]) start(member);
}

void Etcd::start(std::size_t member) {
  std::string all;
  for (std::size_t other = 0; other < members_.size(); ++other)
    all += (all.empty() ? "" : ",") + name(other) + "=" + peer_url(other);
  const std::string clients =
      "http://10.80.4.1:" + client_port(member) + ",http://10.80.5.1:" + client_port(member);
  auto started =
      rig::Child::start({"etcd", "--name", name(member), "--data-dir", data(member), "--listen-client-urls",
                         clients, "--advertise-client-urls", clients, "--listen-peer-urls", peer_url(member),
                         "--initial-advertise-peer-urls", peer_url(member), "--initial-cluster", all},
                        space_fd_, log(member));
  REQUIRE(started.has_value());
  members_[member].emplace(std::move(*started));
}

void Etcd::kill() {
  send(SIGKILL);
  for (auto& member : members_) member.reset();
}

void Etcd::kill(std::size_t member) {
  ::kill(members_.at(member)->pid(), SIGKILL);
  members_[member].reset();
}

void Etcd::send(int signal) const {
  for (const auto& member : members_)
    if (member) ::kill(member->pid(), signal);
}

void Etcd::lose_data() const {
  for (std::size_t member = 0; member < members_.size(); ++member) std::filesystem::remove_all(data(member));
}

std::size_t Etcd::leader() const {
  std::size_t leader = 0;
  REQUIRE(eventually(10s, [&] {
    std::uint64_t newest = 0;
    for (std::size_t member = 0; member < members_.size(); ++member) {
      const std::uint64_t term = members_[member] ? led_in_term(log(member)) : 0;
      if (term > newest) leader = member;
      newest = std::max(newest, term);
    }
    return newest > 0;
  }));
  return leader;
}

Edit Etcd::configured(std::size_t members) {
  return [members](const std::string& text) {
    const bool is_a = text.find("name: fw-a") != std::string::npos;
    std::string endpoints;
    for (std::size_t member = 0; member < members; ++member)
      endpoints += std::string(endpoints.empty() ? "" : ", ") + "\"" + (is_a ? "10.80.4.1:" : "10.80.5.1:") +
                   client_port(member) + "\"";
    return with_arbiter(text,
                        "arbiter: etcd\netcd: {endpoints: [" + endpoints + "], pair: firewall, tls: none}\n");
  };
}

EtcdPair::EtcdPair(const std::string& test_name, std::size_t members, rig::Plan plan)
    : PairFixture(test_name, Etcd::configured(members), Etcd::configured(members), std::move(plan)),
      etcd(network.space("witness"), where.out + "/etcd", members) {
  kill_witness();
  etcd.start();
}

void EtcdPair::open_watched_flows(std::uint32_t count) {
  open_flows(count, 100);
  load->new_connections().start();
  auto started =
      rig::WireWatch::start({.space_fd = network.space("net").fd(),
                             .subject = rig::pair_wire(network_of_a_pair(), rig::VirtualMac::of_the_pair)});
  REQUIRE(started.has_value());
  watch_ = std::move(*started);
  const std::uint64_t before = load->new_connections().succeeded();
  REQUIRE(eventually(10s, [&] { return load->new_connections().succeeded() > before + 10; }));
}

rig::WireVerdict EtcdPair::require_one_leader_at_a_time() {
  rig::WireVerdict verdict = watch_->stop();
  INFO(rig::to_text(verdict, Instant{}));
  REQUIRE(verdict.state() == rig::WireVerdict::State::clean);
  return verdict;
}

rig::Plan SlowArbiter::plan() {
  rig::Plan plan = network_of_a_pair();
  for (const char* node : {"active", "standby"})
    REQUIRE(rig::splice_relay(plan, node, "wit0", std::string("slow-") + node).has_value());
  return plan;
}

SlowArbiter::SlowArbiter(const rig::Topology& network, Nanos delay) {
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    const char* space = i == 0 ? "slow-active" : "slow-standby";
    auto relay =
        rig::Relay::start({.space_fd = network.space(space).fd(), .a = rig::kRelayA, .b = rig::kRelayB});
    REQUIRE(relay.has_value());
    relays_[i] = std::move(*relay);
    REQUIRE(relays_[i]->set(rig::RelayWay::b_to_a, {.delay = delay}).has_value());
  }
}

std::uint64_t term_of(const NodeUnderTest& node) { return node.status().value("term", std::uint64_t{0}); }

bool waits_for_arbiter(const NodeUnderTest& node) {
  return node.status().value("arbiter", std::string()).find("no record known") != std::string::npos;
}

}  // namespace stillwater::e2e
