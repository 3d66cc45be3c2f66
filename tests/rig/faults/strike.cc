#include "tests/rig/faults/strike.h"

#include <thread>

#include "base/thread.h"

namespace stillwater::rig {
namespace {

constexpr int kPriority = 30;

}  // namespace

Result<Struck> strike_here(const std::function<Status()>& blow) {
  const BootClock clock;
  Struck struck{.at = clock.now()};
  if (Status done = blow(); !done) return tl::unexpected(done.error());
  struck.took = clock.now() - struck.at;
  return struck;
}

Result<Struck> strike_in_real_time(const std::function<Status()>& blow) {
  Result<Struck> struck;
  std::thread([&] {
    (void)make_this_thread_realtime(kPriority);
    struck = strike_here(blow);
  }).join();
  return struck;
}

}  // namespace stillwater::rig
