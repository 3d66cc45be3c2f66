// How many sessions each source has at one worker.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "ckpt_engine/region/session.h"

struct rte_hash;

namespace stillwater::dataplane {

// Who opens sessions, as limits know them. IPv4: an address. IPv6: its /64, since a host has as many
// addresses of its link's as it likes (RFC 7421 section 2, RFC 8981); the octets of either as on the wire.
using SourceId = std::uint64_t;
[[nodiscard]] inline SourceId source_id(const region::FlowKey& key) { return key.source_be; }
[[nodiscard]] inline SourceId source_id(const region::FlowKey6& key) {
  SourceId prefix;
  std::memcpy(&prefix, key.source.data(), sizeof(prefix));
  return prefix;
}

struct SourceCount {
  SourceId source = 0;
  std::uint32_t sessions = 0;
  std::uint32_t half_open = 0;  // of them, TCP without a complete handshake
  std::uint32_t second = 0;     // of the region's clock, in which it opened ...
  std::uint32_t opened = 0;     // ... so many
  bool used = false;
};

// Not in the region. Belongs to one worker's thread.
class SourceCounts {
 public:
  // For so many sources with sessions; 0: counts none. Its memory is DPDK's.
  explicit SourceCounts(std::uint32_t sources_max);

  // There was memory for it.
  [[nodiscard]] bool is_made() const { return sources_max_ == 0 || hash_ != nullptr; }
  // All zero where the source has none.
  [[nodiscard]] SourceCount of(SourceId source) const;
  // A session more. Its opening counts for this second where it `opens`. False: there was no room.
  bool add(SourceId source, bool half_open, bool opens, std::uint32_t now_s);
  // Of what was added.
  void complete(SourceId source);
  void remove(SourceId source, bool half_open, std::uint32_t now_s);
  // Forgets a few sources that have no session any more, and opened none in this second.
  void tidy(std::uint32_t now_s);
  void clear();

 private:
  static constexpr std::uint32_t kTidied = 16;
  struct Free {
    void operator()(rte_hash* hash) const;
  };

  [[nodiscard]] SourceCount* find(SourceId source);
  void forget(SourceCount& count);

  std::uint32_t sources_max_;
  std::unique_ptr<rte_hash, Free> hash_;
  std::vector<SourceCount> counts_;  // by the hash's positions
  std::uint32_t cursor_ = 0;
};

}  // namespace stillwater::dataplane
