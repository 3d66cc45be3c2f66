#include "standby/takeover.h"

#include <array>
#include <cstdio>

namespace stillwater::standby {
namespace {

struct NamedStep {
  const char* name;
  Status (TakeoverSteps::*run)();
};

constexpr std::array<NamedStep, 7> kOrder = {{
    {"fence", &TakeoverSteps::fence},
    {"finish or roll back", &TakeoverSteps::finish_or_roll_back},
    {"personality", &TakeoverSteps::take_personality},
    {"clocks", &TakeoverSteps::set_clocks},
    {"drain ports", &TakeoverSteps::drain_ports},
    {"restart agent", &TakeoverSteps::restart_agent},
    {"announce", &TakeoverSteps::announce},
}};

std::string in_ms(Nanos t) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f ms", milliseconds(t));
  return text;
}

}  // namespace

std::string TakeoverReport::text() const {
  std::string out;
  for (const StepTime& s : steps) out += std::string(s.step) + " " + in_ms(s.took) + ", ";
  return out + "these in all " + in_ms(total);
}

Result<TakeoverReport> take_over(TakeoverSteps& steps, const Clock& clock) {
  TakeoverReport report;
  const Instant begin = clock.now();
  Instant at = begin;
  for (const NamedStep& step : kOrder) {
    if (Status done = (steps.*step.run)(); !done)
      return fail(done.error().code,
                  "takeover stopped at '" + std::string(step.name) + "': " + done.error().message);
    const Instant now = clock.now();
    report.steps.push_back({step.name, now - at});
    at = now;
  }
  report.total = at - begin;
  return report;
}

}  // namespace stillwater::standby
