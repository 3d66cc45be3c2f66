#include "tests/rig/systems/catalogue.h"

#include "tests/rig/systems/command_pair.h"
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

SystemEntry stillwater_entry(const std::string& name, const std::string& about, const std::string& configs,
                             const SystemOptions& options) {
  return {name,
          about,
          {},
          {options.daemon, options.client, options.witness, configs + "/firewall-a.yaml",
           configs + "/firewall-b.yaml"}};
}

std::unique_ptr<System> stillwater_pair(const std::string& name, const std::string& configs,
                                        const ConfigValues& values, Security security,
                                        const SystemOptions& options) {
  return std::make_unique<StillwaterPair>(StillwaterPaths{.name = name,
                                                          .daemon = options.daemon,
                                                          .client = options.client,
                                                          .witness = options.witness,
                                                          .configs = configs,
                                                          .out = options.out,
                                                          .values = values,
                                                          .security = security,
                                                          .small_disks = options.small_disks});
}

SystemEntry own_entry(const CommandSystem& own, const SystemOptions& options) {
  if (!own.stillwater) return {own.name, own.about, own.programs, {}};
  return stillwater_entry(own.name, own.about, own.stillwater->folder_or(options.configs), options);
}

std::unique_ptr<System> own_system(const CommandSystem& own, const SystemOptions& options) {
  if (own.stillwater) {
    return stillwater_pair(own.name, own.stillwater->folder_or(options.configs), own.stillwater->values,
                           own.stillwater->security.value_or(options.security), options);
  }
  return std::make_unique<CommandPair>(own, options.out, options.small_disks);
}

}  // namespace

std::vector<SystemEntry> list_systems(const SystemOptions& options) {
  std::vector<SystemEntry> entries{
      stillwater_entry("stillwater", "a Stillwater firewall pair, configured as the examples",
                       options.configs, options),
      vrrp_entry("keepalived-1s", "1 s", options),
      vrrp_entry("keepalived-10ms", "0.01 s", options),
      {"linux", "plain kernel forwarding on one node: the control, with no successor", {}, {}},
  };
  for (const CommandSystem& own : options.own) entries.push_back(own_entry(own, options));
  return entries;
}

Result<std::unique_ptr<System>> make_system(const std::string& name, const SystemOptions& options) {
  if (name == "linux") return std::make_unique<LinuxForwarding>();
  if (name == "keepalived-1s") return vrrp_pair(name, "1", options);
  if (name == "keepalived-10ms") return vrrp_pair(name, "0.01", options);
  if (name == "stillwater") return stillwater_pair(name, options.configs, {}, options.security, options);
  for (const CommandSystem& own : options.own) {
    if (own.name == name) return own_system(own, options);
  }
  std::string names;
  for (const SystemEntry& entry : list_systems(options)) names += (names.empty() ? "" : ", ") + entry.name;
  return fail(Errc::invalid_argument, "no system \"" + name + "\"; the systems are " + names);
}

}  // namespace stillwater::rig
