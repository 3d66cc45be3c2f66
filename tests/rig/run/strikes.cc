#include "tests/rig/run/strikes.h"

#include <algorithm>

#include "tests/rig/faults/catalogue.h"

namespace stillwater::rig {

Result<Strikes> Strikes::prepare(const std::string& schedule, std::uint64_t seed,
                                 const FaultContext& context) {
  Strikes strikes;
  if (schedule == "none") return strikes;
  const auto planned = schedule_faults(schedule, seed);
  if (!planned) return tl::unexpected(planned.error());
  for (const ScheduledFault& it : *planned) {
    auto fault = make_fault(it.fault, context);
    if (!fault) return tl::unexpected(fault.error());
    if (Status prepared = (*fault)->prepare(); !prepared) return tl::unexpected(prepared.error());
    strikes.steps_.push_back({std::move(*fault), it.after, std::nullopt, false});
  }
  return strikes;
}

std::optional<Instant> Strikes::due(const Step& step) const {
  if (!step.struck) return struck_at_ ? *struck_at_ + step.after : Instant{};
  const auto heals_after = step.fault->heals_after();
  if (step.healed || !heals_after) return std::nullopt;
  return *step.struck + *heals_after;
}

std::optional<Instant> Strikes::next_due() const {
  std::optional<Instant> next;
  for (const Step& step : steps_) {
    if (const auto at = due(step)) next = next ? std::min(*next, *at) : *at;
  }
  return next;
}

std::optional<Expectation> Strikes::expectation(Nanos tolerated) const {
  std::optional<Expectation> all;
  for (const Step& step : steps_) {
    Expectation one = step.fault->expectation();
    const auto heals_after = step.fault->heals_after();
    if (heals_after && *heals_after <= tolerated) one.successor = false;
    all = all ? both(*all, one) : one;
  }
  return all;
}

bool Strikes::all_struck() const {
  return std::all_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.struck.has_value(); });
}

bool Strikes::heals() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const Step& step) { return step.fault->heals_after().has_value(); });
}

Status Strikes::act(Instant now) {
  for (Step& step : steps_) {
    const auto at = due(step);
    if (!at || *at > now) continue;
    if (Status acted = act(step); !acted) return acted;
  }
  return {};
}

Status Strikes::act(Step& step) {
  const auto done = step.struck ? step.fault->heal() : step.fault->strike();
  if (!done) return tl::unexpected(done.error());
  if (step.struck) {
    step.healed = true;
    healed_at_ = done->at + done->took;
    if (step.fault->heal_is_a_strike()) last_struck_at_ = done->at;
    return {};
  }
  step.struck = done->at;
  if (!struck_at_) struck_at_ = done->at;
  last_struck_at_ = done->at;
  took_ = std::max(took_, done->took);
  return {};
}

}  // namespace stillwater::rig
