#include "appliance/next_hop_watch.h"

#include <spdlog/spdlog.h>

#include "appliance/config/scalars.h"
#include "base/thread.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kInterval = 50ms;

void say(const dataplane::TrackedNextHop& hop) {
  if (hop.alive)
    spdlog::info("next hop {} at port {} is there again; of {} tracked routes through it {} are withdrawn",
                 to_text(hop.address), hop.port, hop.routes, hop.withdrawn);
  else
    spdlog::warn("next hop {} at port {} does not answer; of {} tracked routes through it {} are withdrawn",
                 to_text(hop.address), hop.port, hop.routes, hop.withdrawn);
}

}  // namespace

NextHopWatch::NextHopWatch(dataplane::Dataplane& plane, const Clock& clock)
    : plane_(plane), clock_(clock), thread_([this](const std::stop_token& ending) { run(ending); }) {}

void NextHopWatch::run(const std::stop_token& ending) {
  name_this_thread("sw-next-hops");
  std::unique_lock lock(mutex_);
  while (!ending.stop_requested()) {
    look();
    wakes_.wait_for(lock, ending, kInterval, [] { return false; });
  }
}

void NextHopWatch::look() {
  const auto news = plane_.watch_next_hops();
  if (news)
    for (const dataplane::TrackedNextHop& hop : *news) say(hop);
  else if (failures_said_.let_through(news.error().message, clock_.now()))
    spdlog::warn("routes do not follow their next hops for now: {}", news.error().message);
}

}  // namespace stillwater::appliance
