#include "dataplane/datapath/tables/source_counts.h"

#include <algorithm>
#include <atomic>
#include <string>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_memory.h>
#include <rte_random.h>

namespace stillwater::dataplane {
namespace {

// Seeded, so that nobody outside can aim sources at one bucket; with overflow buckets, so that all find
// room.
rte_hash* make_hash(std::uint32_t sources_max) {
  static std::atomic<unsigned> made{0};  // writers: control threads that make a dataplane
  const std::string name = "sw_sources_" + std::to_string(made.fetch_add(1));
  rte_hash_parameters parameters{};
  parameters.name = name.c_str();
  parameters.entries = std::max(sources_max, 64u);
  parameters.key_len = sizeof(SourceId);
  parameters.hash_func = rte_jhash;
  parameters.hash_func_init_val = static_cast<std::uint32_t>(rte_rand());
  parameters.socket_id = SOCKET_ID_ANY;
  parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
  return rte_hash_create(&parameters);
}

}  // namespace

void SourceCounts::Free::operator()(rte_hash* hash) const { rte_hash_free(hash); }

SourceCounts::SourceCounts(std::uint32_t sources_max) : sources_max_(sources_max) {
  if (sources_max == 0) return;
  hash_.reset(make_hash(sources_max));
  if (hash_) counts_.resize(static_cast<std::size_t>(rte_hash_max_key_id(hash_.get())) + 1);
}

SourceCount SourceCounts::of(SourceId source) const {
  if (!hash_) return {};
  const std::int32_t at = rte_hash_lookup(hash_.get(), &source);
  return at < 0 ? SourceCount{} : counts_[static_cast<std::size_t>(at)];
}

SourceCount* SourceCounts::find(SourceId source) {
  if (!hash_) return nullptr;
  const std::int32_t at = rte_hash_lookup(hash_.get(), &source);
  return at < 0 ? nullptr : &counts_[static_cast<std::size_t>(at)];
}

bool SourceCounts::add(SourceId source, bool half_open, bool opens, std::uint32_t now_s) {
  if (!hash_) return false;
  const std::int32_t at = rte_hash_add_key(hash_.get(), &source);
  if (at < 0) return false;
  SourceCount& count = counts_[static_cast<std::size_t>(at)];
  if (!count.used) count = {.source = source, .used = true};
  ++count.sessions;
  if (half_open) ++count.half_open;
  if (!opens) return true;
  if (count.second != now_s) count.opened = 0;
  count.second = now_s;
  ++count.opened;
  return true;
}

void SourceCounts::complete(SourceId source) {
  if (SourceCount* count = find(source)) --count->half_open;
}

void SourceCounts::remove(SourceId source, bool half_open, std::uint32_t now_s) {
  SourceCount* count = find(source);
  if (count == nullptr) return;
  if (half_open) --count->half_open;
  if (--count->sessions == 0 && count->second != now_s) forget(*count);
}

void SourceCounts::forget(SourceCount& count) {
  rte_hash_del_key(hash_.get(), &count.source);
  count = {};
}

void SourceCounts::tidy(std::uint32_t now_s) {
  if (!hash_) return;
  for (std::uint32_t looked = 0; looked < kTidied; ++looked) {
    SourceCount& count = counts_[cursor_];
    cursor_ = cursor_ + 1 == counts_.size() ? 0 : cursor_ + 1;
    if (count.used && count.sessions == 0 && count.second != now_s) forget(count);
  }
}

void SourceCounts::clear() {
  if (hash_) rte_hash_reset(hash_.get());
  std::fill(counts_.begin(), counts_.end(), SourceCount{});
}

}  // namespace stillwater::dataplane
