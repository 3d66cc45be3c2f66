// The sessions of a worker that are opening, in the order in which they began.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace stillwater::dataplane {

// A list by slot, not in the region. Belongs to one worker's thread.
class EmbryonicList {
 public:
  explicit EmbryonicList(std::uint32_t slots) : links_(slots) {}

  [[nodiscard]] bool has(std::uint32_t slot) const { return links_[slot].newer != kNotHere; }
  [[nodiscard]] std::optional<std::uint32_t> oldest() const {
    return oldest_ == kNone ? std::nullopt : std::optional(oldest_);
  }
  // As the newest. It is not here yet.
  void add(std::uint32_t slot) {
    links_[slot] = {.older = newest_, .newer = kNone};
    (newest_ == kNone ? oldest_ : links_[newest_].newer) = slot;
    newest_ = slot;
  }
  // It is here.
  void remove(std::uint32_t slot) {
    const Link link = links_[slot];
    (link.older == kNone ? oldest_ : links_[link.older].newer) = link.newer;
    (link.newer == kNone ? newest_ : links_[link.newer].older) = link.older;
    links_[slot] = {};
  }
  void clear() {
    std::fill(links_.begin(), links_.end(), Link{});
    oldest_ = newest_ = kNone;
  }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  static constexpr std::uint32_t kNotHere = 0xffff'fffe;
  struct Link {
    std::uint32_t older = kNone;
    std::uint32_t newer = kNotHere;
  };

  std::vector<Link> links_;
  std::uint32_t oldest_ = kNone;
  std::uint32_t newest_ = kNone;
};

}  // namespace stillwater::dataplane
