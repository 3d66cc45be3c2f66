// The dataplane's log records, of all its workers.
#pragma once

#include "appliance/syslog/sender.h"
#include "dataplane/dataplane.h"

namespace stillwater::appliance {

// `plane` outlives it.
class PlaneRecords final : public syslog::Records {
 public:
  explicit PlaneRecords(dataplane::Dataplane& plane) : plane_(plane) {}

  // One worker's, in its order; the next call goes on with the next worker.
  [[nodiscard]] std::size_t take(std::span<dataplane::LogRecord> into) override {
    std::size_t count = 0;
    for (unsigned asked = 0; asked < plane_.workers() && count == 0; ++asked) {
      count = plane_.take_log_records(next_, into);
      next_ = next_ + 1 == plane_.workers() ? 0 : next_ + 1;
    }
    return count;
  }
  [[nodiscard]] std::uint64_t lost() const override {
    std::uint64_t lost = 0;
    for (unsigned worker = 0; worker < plane_.workers(); ++worker) lost += plane_.log_records_lost(worker);
    return lost;
  }

 private:
  dataplane::Dataplane& plane_;
  unsigned next_ = 0;
};

}  // namespace stillwater::appliance
