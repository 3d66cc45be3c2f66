// What a configuration wants of ports, sockets and folders. A test a finding.
#include <catch2/catch.hpp>

#include "tests/unit/doctor/fake_host.h"

namespace stillwater::appliance::doctor::test {
namespace {

using Catch::Matchers::Contains;

struct WithPort : Examined {
  explicit WithPort(const std::string& device) {
    config.dataplane.ports.resize(1);
    config.dataplane.ports[0].name = "inside";
    config.dataplane.ports[0].device = device;
  }
};

struct WithReplication : Examined {
  WithReplication() {
    config.replication.enabled = true;
    config.replication.paths = {{{"10.80.3.1", 7700}, {"10.80.3.2", 7700}}};
  }
};

TEST_CASE("an interface under a port") {
  WithPort e("net_af_packet0,iface=eth1");
  e.files.interface("eth1");
  const auto verdict = [&] { return e.of(check_interfaces).verdict; };
  SECTION("that is up and the daemon's alone is in order") { CHECK(verdict() == Verdict::ok); }
  SECTION("that is missing is a fault") {
    e.files.remove("/sys/class/net/eth1");
    CHECK(e.of(check_interfaces).seen == "no interface is called eth1");
    CHECK(verdict() == Verdict::fault);
  }
  SECTION("that is down is a fault, with the command that mends it") {
    e.files.put("/sys/class/net/eth1/flags", "0x1082\n");
    CHECK(e.of(check_interfaces).remedy == "ip link set eth1 up");
    CHECK(verdict() == Verdict::fault);
  }
  SECTION("with an address of the kernel's is a fault") {
    e.system.local.push_back({"eth1", v4("10.80.1.1", 24)});
    CHECK(verdict() == Verdict::fault);
  }
  SECTION("with ARP on is advised against") {
    e.files.put("/sys/class/net/eth1/flags", "0x1003\n");
    CHECK(e.of(check_interfaces).remedy == "ip link set eth1 arp off");
    CHECK(verdict() == Verdict::advice);
  }
  SECTION("without a link is told of") {
    e.files.put("/sys/class/net/eth1/carrier", "0\n");
    CHECK(verdict() == Verdict::advice);
  }
}

TEST_CASE("an interface under XDP sockets is looked at alike; a port without one is not") {
  WithPort xdp("net_af_xdp0,iface=eth7");
  CHECK(xdp.of(check_interfaces).verdict == Verdict::fault);
  const WithPort null("net_null0");
  CHECK(null.all_of(check_interfaces).empty());
}

TEST_CASE("a card") {
  WithPort e("0000:3b:00.0");
  const std::string folder = "/sys/bus/pci/devices/0000:3b:00.0";
  e.files.folder(folder);
  SECTION("that is not there is a fault") {
    e.files.remove(folder);
    CHECK(e.of(check_pci_drivers).verdict == Verdict::fault);
  }
  SECTION("bound to the kernel's driver is a fault, with the command and the fallback") {
    e.files.link(folder + "/driver", "../../../bus/pci/drivers/ixgbe");
    const Finding finding = e.of(check_pci_drivers);
    CHECK(finding.verdict == Verdict::fault);
    CHECK(finding.seen == "bound to the kernel's driver ixgbe");
    CHECK_THAT(finding.remedy,
               Contains("dpdk-devbind.py --bind=vfio-pci 0000:3b:00.0") && Contains("net_af_packet0"));
  }
  SECTION("without a driver is a fault") { CHECK(e.of(check_pci_drivers).seen == "no driver is bound"); }
  SECTION("whose driver DPDK shares with the kernel is in order, and needs no IOMMU") {
    e.files.link(folder + "/driver", "../../../bus/pci/drivers/mlx5_core");
    CHECK(e.of(check_pci_drivers).verdict == Verdict::ok);
    CHECK(e.of(check_iommu).verdict == Verdict::ok);
  }
  SECTION("with vfio in a group is in order") {
    e.files.link(folder + "/driver", "../../../bus/pci/drivers/vfio-pci");
    e.files.link(folder + "/iommu_group", "../../../../kernel/iommu_groups/7");
    e.files.folder("/sys/kernel/iommu_groups/7");
    CHECK(e.of(check_pci_drivers).verdict == Verdict::ok);
    CHECK(e.of(check_iommu).verdict == Verdict::ok);
  }
  SECTION("with vfio and no group is a fault, unless the kernel lets it") {
    e.files.link(folder + "/driver", "../../../bus/pci/drivers/vfio-pci");
    CHECK(e.of(check_iommu).verdict == Verdict::fault);
    e.files.put("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
    CHECK(e.of(check_iommu).verdict == Verdict::advice);
  }
}

// A socket's line in /proc/net/tcp: its own address, the other's, the state, and far behind the inode.
std::string socket_line(const std::string& local, const std::string& state) {
  return "   0: " + local + " 00000000:0000 " + state +
         " 00000000:00000000 00:00000000 00000000     0        0 4711 1\n";
}

TEST_CASE("addresses to listen at") {
  WithReplication e;
  const auto tcp = [&] { return e.all_of(check_listening).at(0); };
  SECTION("that are free are in order, TCP and UDP") {
    const Findings findings = e.all_of(check_listening);
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].verdict == Verdict::ok);
    CHECK(findings[1].check == "heartbeats at UDP 10.80.3.1:7700");
  }
  SECTION("that are not this host's are a fault") {
    e.system.local.clear();
    CHECK(tcp().verdict == Verdict::fault);
  }
  SECTION("that another program has are a fault, which names it") {
    e.files.put("/proc/net/tcp", socket_line("0103500A:1E14", "0A"));
    e.files.put("/proc/77/comm", "nginx\n");
    e.files.link("/proc/77/fd/5", "socket:[4711]");
    CHECK(tcp().verdict == Verdict::fault);
    CHECK(tcp().seen == "in use by nginx");
    CHECK(e.all_of(check_listening).at(1).verdict == Verdict::ok);
  }
  SECTION("that a program has at every address are a fault, of either family") {
    e.files.put("/proc/net/tcp6", socket_line("00000000000000000000000000000000:1E14", "0A"));
    CHECK(tcp().seen == "in use");
  }
  SECTION("that the daemon itself has are in order") {
    e.files.put("/proc/net/tcp", socket_line("0103500A:1E14", "0A"));
    e.files.put("/proc/77/comm", "stillwaterd\n");
    e.files.link("/proc/77/task/78/fd/5", "socket:[4711]");  // a thread's own
    CHECK(tcp().verdict == Verdict::ok);
  }
  SECTION("whose port a connection of someone's has are free") {
    e.files.put("/proc/net/tcp", socket_line("0103500A:1E14", "01"));
    CHECK(tcp().verdict == Verdict::ok);
  }
  SECTION("of heartbeats alone are looked at in UDP") {
    e.config.replication.heartbeat_paths = {{{"10.80.3.1", 7701}, {"10.80.3.2", 7701}}};
    e.files.put("/proc/net/udp", socket_line("0103500A:1E15", "07"));
    CHECK(e.all_of(check_listening).back().verdict == Verdict::fault);
  }
  SECTION("of management too, in either family") {
    e.config.profile.management = "[2001:db8::1]:7701";
    CHECK(e.all_of(check_listening).back().check == "management at TCP 2001:db8::1:7701");
    CHECK(e.all_of(check_listening).back().verdict == Verdict::fault);
  }
}

TEST_CASE("a peer in none of the host's networks is advised against") {
  WithReplication e;
  CHECK(e.of(check_peers).verdict == Verdict::ok);
  e.config.replication.paths[0].peer.address = "192.0.2.1";
  CHECK(e.of(check_peers).verdict == Verdict::advice);
}

TEST_CASE("the folder of the management socket") {
  Examined e;
  SECTION("that systemd makes may be missing") {
    CHECK(e.of(check_management_folder).verdict == Verdict::ok);
  }
  SECTION("that nobody makes may not") {
    e.config.profile.management = "unix:/srv/fw/fw.sock";
    CHECK(e.of(check_management_folder).remedy == "mkdir -p /srv/fw");
    CHECK(e.of(check_management_folder).verdict == Verdict::fault);
  }
  SECTION("that others may write to is advised against") {
    e.files.folder("/run/stillwater");
    e.files.mode("/run/stillwater", 0777);
    CHECK(e.of(check_management_folder).verdict == Verdict::advice);
  }
}

}  // namespace
}  // namespace stillwater::appliance::doctor::test
