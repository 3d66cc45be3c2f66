// What EAL runs when it loads libstillwater_agent.so (option -d): before any port exists.
#include <rte_ethdev.h>

#include "quiesce/plugin/telemetry.h"

namespace stillwater::quiesce::plugin {
namespace {

__attribute__((constructor)) void load() {
  // Never destroyed: wrappers and threads outlive every destructor of the program.
  static const auto& clock = *new BootClock;
  static Agent& agent = *new Agent(clock);
  agent.start_watching();
  serve_telemetry(agent);
}

}  // namespace
}  // namespace stillwater::quiesce::plugin
