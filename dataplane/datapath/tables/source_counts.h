// How many sessions each initiator's address has at one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

struct rte_hash;

namespace stillwater::dataplane {

struct SourceCount {
  std::uint32_t address_be = 0;
  std::uint32_t sessions = 0;
  std::uint32_t half_open = 0;  // of them, TCP without a complete handshake
  std::uint32_t second = 0;     // of the region's clock, in which it opened ...
  std::uint32_t opened = 0;     // ... so many
  bool used = false;
};

// Not in the region. Belongs to one worker's thread.
class SourceCounts {
 public:
  // For so many addresses with sessions; 0: counts none. Its memory is DPDK's.
  explicit SourceCounts(std::uint32_t addresses_max);

  // There was memory for it.
  [[nodiscard]] bool is_made() const { return addresses_max_ == 0 || hash_ != nullptr; }
  // All zero where the address has none.
  [[nodiscard]] SourceCount of(std::uint32_t address_be) const;
  // A session more. Its opening counts for this second where it `opens`. False: there was no room.
  bool add(std::uint32_t address_be, bool half_open, bool opens, std::uint32_t now_s);
  // Of what was added.
  void complete(std::uint32_t address_be);
  void remove(std::uint32_t address_be, bool half_open, std::uint32_t now_s);
  // Forgets a few addresses that have no session any more, and opened none in this second.
  void tidy(std::uint32_t now_s);
  void clear();

 private:
  static constexpr std::uint32_t kTidied = 16;
  struct Free {
    void operator()(rte_hash* hash) const;
  };

  [[nodiscard]] SourceCount* find(std::uint32_t address_be);
  void forget(SourceCount& count);

  std::uint32_t addresses_max_;
  std::unique_ptr<rte_hash, Free> hash_;
  std::vector<SourceCount> counts_;  // by the hash's positions
  std::uint32_t cursor_ = 0;
};

}  // namespace stillwater::dataplane
