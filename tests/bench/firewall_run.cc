#include "tests/bench/firewall_run.h"

#include <utility>

#include "tests/bench/established_tcp.h"
#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"
#include "tests/bench/session_source.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kRegionNow = 1000s;
constexpr Nanos kSettle = 100ms;
constexpr Nanos kPatience = 2s;  // after which what did not come is lost
constexpr Nanos kLook = 5ms;

}  // namespace

EstablishedRun::EstablishedRun(Device device, std::uint32_t sessions, Random& random)
    : LoadedPlane(device,
                  {.config = [&](const Devices& devices) { return established_firewall(sessions, devices); },
                   .sources = session_sources(sessions, random),
                   .fill =
                       [&](CheckpointedPlane& plane) {
                         const std::uint32_t rule = firewall(1).rules.front().id;
                         fill_established(plane.region(), sessions, rule, kRegionNow, translated_reply_key);
                         plane.plane().continue_region_time(kRegionNow);
                       }}) {}

OpeningRun::OpeningRun(Device device, const Rules& rules, std::uint32_t in_flight_max)
    : OpeningRun(device, rules, in_flight_max, std::make_shared<RefusedConnections>(in_flight_max)) {}

OpeningRun::OpeningRun(Device device, const Rules& rules, std::uint32_t in_flight_max,
                       std::shared_ptr<RefusedConnections> connections)
    : LoadedPlane(
          device,
          {.config = [&](const Devices& devices) { return opening_firewall(in_flight_max, rules, devices); },
           .sources = refusal_sources(connections),
           .fill = [&](CheckpointedPlane& plane) { connections->follow(plane.epochs()); },
           .circulating = in_flight_max}),
      connections_(std::move(connections)) {}

OpeningRun::Opened OpeningRun::open_for_a_window(CheckpointedPlane::Pauses* pauses) {
  const Clock& clock = plane().clock();
  const std::uint64_t wrong_before = connections_->wrong();
  CheckpointedPlane::Pauses unmeasured;
  CheckpointedPlane::Pauses* settling = pauses == nullptr ? nullptr : &unmeasured;
  open();
  go_on(clock.now() + kSettle, settling);

  Opened opened;
  const std::uint64_t before = connections_->done();
  const Instant begin = clock.now();
  opened.mpps = plane().forwarded_mpps([&](Instant until) { go_on(until, pauses); });
  const double seconds = std::chrono::duration<double>(clock.now() - begin).count();
  opened.sessions_per_s = static_cast<double>(connections_->done() - before) / seconds;

  connections_->set_beginning(false);
  for (const Instant deadline = clock.now() + kPatience;
       connections_->in_flight() > 0 && clock.now() < deadline;)
    go_on(clock.now() + kLook, settling);
  opened.lost = connections_->in_flight();
  opened.wrong = connections_->wrong() - wrong_before;
  if (opened.lost > 0) {
    rest();
    connections_->give_up();
    wake();
  }
  return opened;
}

void OpeningRun::go_on(Instant until, CheckpointedPlane::Pauses* pauses) {
  if (pauses == nullptr)
    plane().wait(until);
  else
    plane().checkpoint(until, *pauses);
}

}  // namespace stillwater::bench
