#include "tests/rig/topology/flooding.h"

#include "tests/rig/process/command.h"

namespace stillwater::rig {

Status set_flooding(const Plan& plan, const Topology& topology, bool flooding) {
  const auto set = [&](const std::string& space, const std::string& device,
                       const std::vector<std::string>& what) {
    std::vector<std::string> words{"ip", "-n", topology.space(space).name(), "link", "set", "dev", device};
    words.insert(words.end(), what.begin(), what.end());
    return must_run(words);
  };
  for (const Link& link : plan.links) {
    for (const LinkEnd& end : {link.a, link.b}) {
      if (end.bridge.empty()) continue;
      const Status learns =
          set(end.space, end.name, {"type", "bridge_slave", "learning", flooding ? "off" : "on"});
      if (!learns) return learns;
    }
  }
  for (const Bridge& bridge : plan.bridges) {
    if (Status forgot = set(bridge.space, bridge.name, {"type", "bridge", "fdb_flush"}); !forgot)
      return forgot;
  }
  return {};
}

}  // namespace stillwater::rig
