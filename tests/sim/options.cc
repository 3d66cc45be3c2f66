#include "tests/sim/options.h"

#include <cstdio>

#include "tests/sim/random.h"

namespace stillwater::sim {

// One run in eight has no arbiter, one in sixteen no fault at all.
Options options_of(std::uint64_t seed, const Wishes& wishes) {
  Random random(seed ^ 0x6f7074696f6e73);
  Options options;
  options.seed = seed;
  options.arbitrated = !random.one_in(8);
  options.cold_start = random.one_in(10);
  options.faults = random.one_in(16) ? 0 : static_cast<unsigned>(5 + random.below(8));
  options.heartbeat = random.one_in(3) ? Nanos(2ms) : Nanos(4ms);
  options.lease = options.heartbeat * static_cast<int>(10 + random.below(11));
  options.failure_timeout = random.one_in(3) ? options.lease * 2 : options.lease;
  for (double& pace : options.pace) pace = random.between(0.95, 1.05);
  for (Nanos& offset : options.offset) offset = random.between(Nanos(1s), Nanos(1000s));
  options.latency = random.between(Nanos(20us), Nanos(500us));
  options.brownout_bytes = random.one_in(2) ? 1u << 19 : 256u << random.below(3);
  if (wishes.arbitrated >= 0) options.arbitrated = wishes.arbitrated != 0;
  if (wishes.faults >= 0) options.faults = static_cast<unsigned>(wishes.faults);
  options.trace = wishes.trace;
  return options;
}

std::string text_of(const Options& o) {
  char text[320];
  std::snprintf(text, sizeof(text),
                "seed %llu: arbiter %s, cold_start %s, %u faults, lease %.0f ms, heartbeat %.0f ms, "
                "failure_timeout %.0f ms, paces %.3f %.3f, clocks at %.3f s %.3f s, latency %.0f us, "
                "brownout_bytes %llu",
                static_cast<unsigned long long>(o.seed), o.arbitrated ? "witness" : "none",
                o.cold_start ? "allow" : "refuse", o.faults, milliseconds(o.lease), milliseconds(o.heartbeat),
                milliseconds(o.failure_timeout), o.pace[0], o.pace[1], milliseconds(o.offset[0]) / 1e3,
                milliseconds(o.offset[1]) / 1e3, microseconds(o.latency),
                static_cast<unsigned long long>(o.brownout_bytes));
  return text;
}

}  // namespace stillwater::sim
