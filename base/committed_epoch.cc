#include "base/committed_epoch.h"

#include <unistd.h>

namespace stillwater {

// A full counter wakes as well as a fresh one, so a failed write is no failure.
void CommittedEpoch::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
}

}  // namespace stillwater
