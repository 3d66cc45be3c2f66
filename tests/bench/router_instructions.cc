#include "tests/bench/router_instructions.h"

#include "dataplane/control/eal.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/counted_turns.h"
#include "tests/bench/router_run.h"

namespace stillwater::bench {
namespace {

constexpr std::size_t kRoutes = 100'000;

}  // namespace

void add_instructions(Report& report, const std::string& out) {
  for (const char* family : {"ipv4", "ipv6"})
    add_counted(
        report,
        {.id = std::string("router_instructions_per_packet.") + family,
         .name = family,
         .note = "64 octets, 100,000 routes, net_null with its driver; without the making of the load. "
                 "By callgrind, whose processor has no AVX512: the FIB is looked up by scalar code"},
        out);
}

void forward_counted(const std::string& family) {
  dataplane::EalOptions eal;
  eal.memory_mib = 1536;
  must(dataplane::init_eal(eal), "EAL");
  Random random;
  const bool is_v4 = family == "ipv4";
  const Routes routes = is_v4 ? routes4(kRoutes, random) : routes6(kRoutes, random);
  RouterRun run(Device::null, routes, {static_cast<std::uint16_t>(is_v4 ? 60 : 74)}, random,
                is_v4 ? RouteRoom{.ipv6 = 1024} : RouteRoom{.ipv4 = 1024});
  run.rest();
  CountedTurns turns(run);
  run.wake();
  turns.print();
  run.rest();
}

}  // namespace stillwater::bench
