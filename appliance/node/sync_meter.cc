#include "appliance/node/sync_meter.h"

namespace stillwater::appliance {

SyncProgress SyncMeter::look(Instant now, unsigned round, std::uint64_t left_bytes) {
  if (round < round_) forget();
  if (round_ == 0) older_ = newer_ = {now, 0};
  if (round == round_ && left_bytes < left_bytes_) gone_bytes_ += left_bytes_ - left_bytes;
  round_ = round;
  left_bytes_ = left_bytes;
  if (now - newer_.at >= kWindow) {
    older_ = newer_;
    newer_ = {now, gone_bytes_};
  }
  SyncProgress progress{.round = round, .left_bytes = left_bytes, .bytes_per_s = 0, .left_s = {}};
  const double seconds = std::chrono::duration<double>(now - older_.at).count();
  if (seconds <= 0 || gone_bytes_ == older_.gone_bytes) return progress;
  progress.bytes_per_s = static_cast<double>(gone_bytes_ - older_.gone_bytes) / seconds;
  progress.left_s = static_cast<double>(left_bytes) / progress.bytes_per_s;
  return progress;
}

}  // namespace stillwater::appliance
