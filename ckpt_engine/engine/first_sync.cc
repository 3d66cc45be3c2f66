// The first sync: a peer's empty region is filled in brownout rounds, then made whole by a blackout.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "ckpt_engine/engine/engine.h"

namespace stillwater::engine {
namespace {

using region::Extent;
using region::kLineBytes;
using region::kPageBytes;

constexpr std::uint64_t kBatchBytesMax = 256u << 10;

std::uint64_t bytes_of(std::span<const Extent> extents) {
  return std::accumulate(extents.begin(), extents.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Extent& e) { return sum + e.bytes; });
}

// The pages of `extents` that hold anything but zeroes.
std::vector<Extent> without_zeroes(const region::Region& region, std::span<const Extent> extents) {
  static constexpr std::byte kZeroPage[kPageBytes] = {};
  std::vector<Extent> pages;
  for (const Extent& e : extents)
    for (std::uint64_t offset = e.offset; offset < e.offset + e.bytes; offset += kPageBytes)
      if (std::memcmp(region.base() + offset, kZeroPage, kPageBytes) != 0) {
        if (!pages.empty() && pages.back().offset + pages.back().bytes == offset)
          pages.back().bytes += kPageBytes;
        else
          pages.push_back({offset, kPageBytes});
      }
  return pages;
}

}  // namespace

Status Engine::first_sync(wire::Transport& peer, const Progress& progress) {
  standby_lost();
  const wire::SyncBegin begin{region_.header().region_id, region_.header().term, committed_, region_.size()};
  Status done =
      peer.send(wire::make_frame(wire::Type::sync_begin, begin))
          .and_then([&] { return sync_rounds(peer, progress); })
          .and_then([&] {
            sample_ = {
                .at = clock_.now(), .trigger = Trigger::first_sync, .interval = clock_.now() - last_taken_};
            last_taken_ = sample_.at;
            return blackout(Afterwards::resume);
          })
          .and_then([&] { return ship_epoch(peer); })
          .and_then([&] { return send_commit_record(peer); });
  if (!done) statistics_.add_failure(done.error().message);
  return done;
}

// M4: they end where little is left, and where writes never converge.
Status Engine::sync_rounds(wire::Transport& peer, const Progress& progress) {
  const unsigned rounds_max = std::max(policy_.brownout_rounds_max, 1u);
  do {
    if (Status begun = mirror_.begin_round(rounds_max); !begun) return begun;
    if (Status collected = collect_for_sync(); !collected) return given_up(collected);
    if (Status copied = copy_round(peer, progress); !copied) return copied;
  } while (mirror_.round() < rounds_max && tracker_.dirty_bytes_hint() > brownout_threshold_bytes());
  return {};
}

// The first round covers everything, whatever was written before it; each later one what was written since
// the round before began (M3).
Status Engine::collect_for_sync() {
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return quiesced;
  extents_.clear();
  const Status collected = tracker_.collect(extents_);
  if (mirror_.round() == 1) tracker_.collect_soft();
  barrier_.resume();
  if (!collected || mirror_.round() > 1) return collected;
  tracker_.committed();
  extents_.clear();
  tracker_.take_soft(extents_, region_.size());
  soft_set_aside_ = false;
  extents_.assign(1, {region::kDataOffset, region_.size() - region::kDataOffset});
  return {};
}

// The peer's region was zeroed when the sync began: the first round leaves pages of zeroes out.
Status Engine::copy_round(wire::Transport& peer, const Progress& progress) {
  const std::uint64_t pages = std::min(kBatchBytesMax, staging_.lines_max() * kLineBytes) / kPageBytes;
  const std::uint64_t batch_lines = std::max<std::uint64_t>(pages, 1) * (kPageBytes / kLineBytes);
  std::uint64_t left = bytes_of(extents_);
  mirror_.set_left(left);
  for (const auto& portion : portions_of(extents_, batch_lines)) {
    const bool is_first = mirror_.round() == 1;
    if (Status sent = copy_batch(peer, is_first ? without_zeroes(region_, portion) : portion); !sent)
      return sent;
    left -= bytes_of(portion);
    mirror_.set_left(left);
    progress(left);
  }
  return {};
}

Status Engine::copy_batch(wire::Transport& peer, std::span<const Extent> batch) {
  if (!staging_.gather(region_, batch, 0, 0))
    return given_up(fail(Errc::resource_exhausted, "staging is too small to sync"));
  const auto frames = staging_.seal(wire::Type::sync_lines);
  if (frames.empty()) return {};
  return peer.send({frames.front().data(), frames.back().data() + frames.back().size()});  // side by side
}

}  // namespace stillwater::engine
