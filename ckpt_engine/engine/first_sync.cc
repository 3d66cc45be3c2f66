// The first sync: a peer's region is filled, or mended, in brownout rounds, then made whole by a blackout.
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

// The pages of `extents` that hold anything but zeroes. Workers may be writing them: the next round has those
// again.
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

// Worth it while the changes are clearly less than the whole.
bool Engine::can_mend(const Holdings& its) const {
  return common_ && its.region_id != region::RegionId{} && its.region_id == region_.header().region_id &&
         share_an_epoch(*common_, its.epochs) &&
         std::ranges::all_of(its.changed,
                             [this](const Extent& e) {
                               return e.bytes > 0 && e.offset >= region::kDataOffset &&
                                      e.offset + e.bytes <= region_.size();
                             }) &&
         bytes_of(its.changed) + tracker_.dirty_bytes_hint() < region_.size() / 2;
}

// From its begin on the peer holds nothing that is known: what was common is so no more.
Status Engine::first_sync(wire::Transport& peer, const Progress& progress, const Holdings& its) {
  standby_lost();
  const Holdings* const onto = can_mend(its) ? &its : nullptr;
  common_.reset();
  const std::uint64_t expected =
      onto != nullptr ? bytes_of(its.changed) + tracker_.dirty_bytes_hint() : region_.size();
  const wire::SyncBegin begin{
      region_.header().region_id, region_.header().term, committed_, expected, onto != nullptr ? 1u : 0u, 0};
  Status done =
      peer.send(wire::make_frame(wire::Type::sync_begin, begin))
          .and_then([&] { return sync_rounds(peer, progress, onto); })
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
Status Engine::sync_rounds(wire::Transport& peer, const Progress& progress, const Holdings* onto) {
  const unsigned rounds_max = std::max(policy_.brownout_rounds_max, 1u);
  do {
    if (Status begun = mirror_.begin_round(rounds_max); !begun) return begun;
    const bool is_first = mirror_.round() == 1;
    if (Status collected = collect_for_sync(onto); !collected) return given_up(collected);
    if (Status copied = copy_round(peer, progress, is_first && onto == nullptr); !copied) return copied;
  } while (mirror_.round() < rounds_max && tracker_.dirty_bytes_hint() > brownout_threshold_bytes());
  return {};
}

// The first round covers everything, whatever was written before it, or all that can differ; each later one
// what was written since the round before began (M3).
Status Engine::collect_for_sync(const Holdings* onto) {
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return quiesced;
  extents_.clear();
  const Status collected = tracker_.collect(extents_);
  if (mirror_.round() == 1) tracker_.collect_soft();
  barrier_.resume();
  if (!collected || mirror_.round() > 1) return collected;
  if (onto == nullptr) {
    tracker_.committed();
    extents_.clear();
  }
  add_soft_changes(extents_);
  if (onto == nullptr) {
    extents_.assign(1, {region::kDataOffset, region_.size() - region::kDataOffset});
  } else {
    extents_.insert(extents_.end(), onto->changed.begin(), onto->changed.end());
    region::merge_overlapping(extents_, 0);
  }
  return {};
}

// Where the peer's region was zeroed when the sync began, the first round leaves pages of zeroes out.
Status Engine::copy_round(wire::Transport& peer, const Progress& progress, bool into_zeroes) {
  const std::uint64_t pages = std::min(kBatchBytesMax, staging_.lines_max() * kLineBytes) / kPageBytes;
  const std::uint64_t batch_lines = std::max<std::uint64_t>(pages, 1) * (kPageBytes / kLineBytes);
  std::uint64_t left = bytes_of(extents_);
  mirror_.set_left(left);
  for (const auto& portion : portions_of(extents_, batch_lines)) {
    if (Status sent = copy_batch(peer, into_zeroes ? without_zeroes(region_, portion) : portion); !sent)
      return sent;
    left -= bytes_of(portion);
    mirror_.set_left(left);
    progress(left);
  }
  return {};
}

Status Engine::copy_batch(wire::Transport& peer, std::span<const Extent> batch) {
  if (!staging_.gather_live(region_, batch, 0, 0))
    return given_up(fail(Errc::resource_exhausted, "staging is too small to sync"));
  const auto frames = staging_.seal(wire::Type::sync_lines);
  if (frames.empty()) return {};
  return peer.send({frames.front().data(), frames.back().data() + frames.back().size()});  // side by side
}

}  // namespace stillwater::engine
