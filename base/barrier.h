// Seam between the two halves: the checkpoint engine asks for a packet boundary, the packet half gives it.
#pragma once

#include "base/clock.h"
#include "base/result.h"

namespace stillwater {

// Called by one control thread at a time.
class Barrier {
 public:
  virtual ~Barrier() = default;

  // Tells every worker's interface agent to return zero packets and waits until no worker holds a packet
  // that it has not declared held (mission Q2-Q4). On success all workers stand still and their memory is
  // visible to the caller. On time-out every worker is resumed, nothing is lost, and the error names the
  // worker that did not drain and what it holds (Q8).
  [[nodiscard]] virtual Status quiesce(Nanos timeout) = 0;

  // Lets all workers go on. Call once after each successful quiesce.
  virtual void resume() = 0;

  // When every worker had been told, in the latest quiesce; from then on until the indication they drain.
  [[nodiscard]] virtual Instant last_told() const = 0;

  // When the last worker went on after the latest resume, as that worker's own clock says. Final once every
  // worker has made a turn since.
  [[nodiscard]] virtual Instant last_resumed() const = 0;
};

}  // namespace stillwater
