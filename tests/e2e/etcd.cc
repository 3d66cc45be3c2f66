// A pair whose record is in a real etcd, on the machine where other pairs have their witness.
#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {
namespace {

constexpr const char* kClients = "http://10.80.4.1:2379,http://10.80.5.1:2379";  // a cable to each node
constexpr const char* kMembers = "http://127.0.0.1:2380";

std::string with_etcd(std::string text) {
  const std::size_t begin = text.find("arbiter: witness");
  const std::size_t end = text.find("log:");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::string host =
      text.find("address: 10.80.4.1:7800") != std::string::npos ? "10.80.4.1" : "10.80.5.1";
  return text.replace(
      begin, end - begin,
      "arbiter: etcd\netcd: {endpoints: [\"" + host + ":2379\"], pair: firewall, tls: none}\n");
}

struct PairWithEtcd : PairFixture {
  explicit PairWithEtcd(const std::string& test_name)
      : PairFixture(test_name, with_etcd, with_etcd), data(where.out + "/etcd") {
    kill_witness();
    std::filesystem::remove_all(data);  // of an earlier run
    start_etcd();
  }
  void start_etcd() {
    auto started = rig::Child::start(
        {"etcd", "--name", "one", "--data-dir", data, "--listen-client-urls", kClients,
         "--advertise-client-urls", kClients, "--listen-peer-urls", kMembers, "--initial-advertise-peer-urls",
         kMembers, "--initial-cluster", std::string("one=") + kMembers},
        network.space("witness").fd(), where.out + "/etcd.log");
    REQUIRE(started.has_value());
    etcd.emplace(std::move(*started));
  }
  void kill_etcd() {
    kill(etcd->pid(), SIGKILL);
    etcd.reset();
  }

  std::string data;
  std::optional<rig::Child> etcd;
};

}  // namespace

TEST_CASE("a pair with etcd fails over; without it, it goes on and says that it cannot, until it is back") {
  PairWithEtcd pair("etcd");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.kill_etcd();
  REQUIRE(eventually(10s, [&] {
    return pair.a.status().value("cannot_fail_over_because", std::string()).find("arbiter") !=
           std::string::npos;
  }));
  CHECK(pair.a.role() == "active");
  pair.require_flows_survive();
  pair.start_etcd();
  REQUIRE(eventually(20s, [&] { return pair.b.status().value("can_fail_over", false); }));
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
