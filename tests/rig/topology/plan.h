// What a network looks like, as values: namespaces, bridges, links. `Topology` builds it.
// Spaces are named as the scenario thinks of them ("client"); the real namespace names carry the run's
// prefix.
#pragma once

#include <string>
#include <vector>

namespace stillwater::rig {

// One end of a veth pair. Ends carry no IPv6 and no TX checksum offload: a checksum that is left to the
// "hardware" would reach DPDK unfinished.
struct LinkEnd {
  std::string space;
  std::string name;       // interface name, unique in its space, 15 characters at most
  std::string address{};  // "10.80.1.2/24"; empty: none
  std::string mac{};      // empty: the kernel's choice
  std::string bridge{};   // enslaved to this bridge of the same space; empty: none
  bool arp = true;
};

struct Link {
  LinkEnd a;
  LinkEnd b;
};

// No spanning tree, no forward delay, no multicast snooping: a cable with more than two ends.
struct Bridge {
  std::string space;
  std::string name;
};

struct Route {
  std::string space;
  std::string to;  // "default" or a prefix
  std::string via;
};

// A kernel setting of one namespace, by its path under /proc/sys.
struct Setting {
  std::string space;
  std::string path;
  std::string value;
};

struct Plan {
  std::vector<std::string> spaces;
  std::vector<Setting> settings{};
  std::vector<Bridge> bridges{};
  std::vector<Link> links{};
  std::vector<Route> routes{};
};

}  // namespace stillwater::rig
