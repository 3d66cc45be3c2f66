#include "tests/rig/systems/catalogue.h"

#include "tests/rig/systems/linux_forwarding.h"
#include "tests/rig/systems/stillwater_pair.h"
#include "tests/rig/systems/vrrp_pair.h"

namespace stillwater::rig {
namespace {

SystemEntry vrrp_entry(const std::string& name, const std::string& interval, const SystemOptions& options) {
  SystemEntry entry{name,
                    "keepalived (VRRPv3, adverts every " + interval + ") + conntrackd (FTFW) + nftables",
                    {"keepalived", "conntrackd", "nft", "sysctl"},
                    {}};
  for (const char* file : {"keepalived.conf", "conntrackd.conf", "nftables.conf", "primary-backup.sh"}) {
    entry.files.push_back(options.templates + "/keepalived/" + file + ".in");
  }
  return entry;
}

std::unique_ptr<System> vrrp_pair(const std::string& name, const char* advert_s,
                                  const SystemOptions& options) {
  return std::make_unique<VrrpPair>(VrrpPairOptions{.name = name,
                                                    .advert_s = advert_s,
                                                    .templates = options.templates,
                                                    .out = options.out,
                                                    .small_disks = options.small_disks});
}

}  // namespace

std::vector<SystemEntry> list_systems(const SystemOptions& options) {
  const std::string daemon = options.bin + "/appliance/stillwaterd";
  const std::string client = options.bin + "/mgmt/stillwaterctl";
  return {
      {"stillwater",
       "a Stillwater firewall pair, configured as the examples",
       {},
       {daemon, client, options.configs + "/firewall-a.yaml", options.configs + "/firewall-b.yaml"}},
      vrrp_entry("keepalived-1s", "1 s", options),
      vrrp_entry("keepalived-10ms", "0.01 s", options),
      {"linux", "plain kernel forwarding on one node: the control, with no successor", {}, {}},
  };
}

Result<std::unique_ptr<System>> make_system(const std::string& name, const SystemOptions& options) {
  if (name == "linux") return std::make_unique<LinuxForwarding>();
  if (name == "keepalived-1s") return vrrp_pair(name, "1", options);
  if (name == "keepalived-10ms") return vrrp_pair(name, "0.01", options);
  if (name == "stillwater") {
    return std::make_unique<StillwaterPair>(StillwaterPaths{.daemon = options.bin + "/appliance/stillwaterd",
                                                            .client = options.bin + "/mgmt/stillwaterctl",
                                                            .configs = options.configs,
                                                            .out = options.out,
                                                            .small_disks = options.small_disks});
  }
  std::string names;
  for (const SystemEntry& entry : list_systems(options)) names += (names.empty() ? "" : ", ") + entry.name;
  return fail(Errc::invalid_argument, "no system \"" + name + "\"; the systems are " + names);
}

}  // namespace stillwater::rig
