#include "tests/bench/firewall_instructions.h"

#include "dataplane/control/eal.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/counted_turns.h"
#include "tests/bench/firewall_run.h"

namespace stillwater::bench {
namespace {

constexpr std::uint32_t kSessions = 100'000;
constexpr std::uint32_t kInFlight = 512;

void count(LoadedPlane& run) {
  run.rest();
  CountedTurns turns(run);
  run.wake();
  turns.print();
  run.rest();
}

}  // namespace

void add_session_instructions(Report& report, const std::string& out) {
  const std::string how = "; 64 octets, source NAT, net_null with its driver; without the making of the load";
  add_counted(report,
              {.id = "firewall_instructions_per_packet",
               .name = "established",
               .note = "100,000 established TCP sessions in random order" + how},
              out);
  add_counted(report,
              {.id = "firewall_instructions_per_new_session",
               .name = "opening",
               .packets_of_one = 2,
               .note = "one of whose two packets, a SYN and a RST, opens it and ends the one before" + how},
              out);
}

void forward_sessions_counted(const std::string& load) {
  dataplane::EalOptions eal;
  eal.memory_mib = 768;
  must(dataplane::init_eal(eal), "EAL");
  if (load == "established") {
    Random random;
    EstablishedRun run(Device::null, kSessions, random);
    count(run);
  } else {
    OpeningRun run(Device::null, {}, kInFlight);
    run.open();
    count(run);
  }
}

}  // namespace stillwater::bench
