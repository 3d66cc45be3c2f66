// Which NAT ports of one address and protocol are taken.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

struct PortWord {
  static constexpr StateClass kStateClass = StateClass::hard;
  std::uint64_t taken;  // bit i: port 64 * index + i
};

// A view of 65,536 bits, one of those that lie in a root side by side. The owning worker writes.
//
// A port that was given is free in the region at once, and is taken by nobody before the epoch in which it
// was given is committed: until then a successor may still know it as its former session's. Who waits is not
// in the region: for a successor every port that is free there is committed so.
class PortBitmap {
 public:
  static constexpr std::size_t kBytes = 65536 / 8;

  // A root for `count` bitmaps.
  static void add_root(Layout& layout, std::string_view name, std::size_t count = 1) {
    layout.add(name, StateClass::hard, count * kBytes, sizeof(PortWord));
  }
  PortBitmap(const Region& region, std::string_view name, std::size_t index = 0)
      : words_(reinterpret_cast<const PortWord*>(region.root(name).data + index * kBytes)) {}

  [[nodiscard]] bool taken(std::uint16_t port) const {
    return (words_[port / 64].taken >> (port % 64) & 1) != 0;
  }

  // Ports are dealt to workers by `unit`, in turn, so that no port is taken by two of them.
  struct Share {
    static constexpr unsigned kUnitMin = 64;  // a word

    unsigned index = 0;
    unsigned of = 1;
    unsigned unit = kUnitMin;  // a multiple of it

    [[nodiscard]] static constexpr unsigned owner(std::uint16_t port, unsigned of, unsigned unit = kUnitMin) {
      return port / unit % of;
    }
    [[nodiscard]] constexpr bool has(std::uint16_t port) const { return owner(port, of, unit) == index; }
  };

  // Takes a free port of `share` in [first, last]: of the first kPreferred free ones at or after `start`,
  // going round, the first that `prefers(port)`; the first of all, where it prefers none of them.
  template <class Prefers>
  [[nodiscard]] std::optional<std::uint16_t> take(Turn& turn, std::uint16_t first, std::uint16_t last,
                                                  std::uint16_t start, Share share, const Prefers& prefers) {
    const auto port = find_free(turn, first, last, start, share, prefers);
    if (port) take_this(turn, *port);
    return port;
  }
  // One that `find_free` has found in the same turn.
  void take_this(Turn& turn, std::uint16_t port) {
    const Write<PortWord> word(turn, words_[port / 64]);
    set(*word, word->taken | std::uint64_t{1} << (port % 64));
  }
  // Which one that would be; `also_free` counts as free too.
  template <class Prefers>
  [[nodiscard]] std::optional<std::uint16_t> find_free(
      const Turn& turn, std::uint16_t first, std::uint16_t last, std::uint16_t start, Share share,
      const Prefers& prefers, std::optional<std::uint16_t> also_free = std::nullopt) const;
  [[nodiscard]] std::optional<std::uint16_t> take(Turn& turn, std::uint16_t first, std::uint16_t last,
                                                  std::uint16_t start) {
    return take(turn, first, last, start, {}, [](std::uint16_t) { return true; });
  }
  // Ports that nobody may take: not in the region, so both nodes say the same by their configuration.
  void reserve(std::uint16_t first, std::uint16_t last);
  // The following two of whole words: `first` and `last + 1` are multiples of 64.
  // The first port that is taken; `but`: not that one.
  [[nodiscard]] std::optional<std::uint16_t> first_taken(
      unsigned first, unsigned last, std::optional<std::uint16_t> but = std::nullopt) const;
  // Each may be taken: none is, is reserved or waits; `also_free` counts as free too.
  [[nodiscard]] bool all_free(const Turn& turn, unsigned first, unsigned last,
                              std::optional<std::uint16_t> also_free = std::nullopt) const;
  // By counting them: figures, from any thread. Blocks of `size` ports, a multiple of 64, of which any is
  // taken.
  [[nodiscard]] std::uint32_t count_taken() const;
  [[nodiscard]] std::uint32_t count_blocks(unsigned size) const;
  void give(Turn& turn, std::uint16_t port) {
    give_unused(turn, port);
    wait(turn, port);
  }
  // A port that was taken with the packet in hand, and that nobody was told of.
  void give_unused(Turn& turn, std::uint16_t port) {
    const Write<PortWord> word(turn, words_[port / 64]);
    set(*word, word->taken & ~(std::uint64_t{1} << (port % 64)));
  }

 private:
  static constexpr unsigned kPreferred = 64;
  static constexpr unsigned kWords = 65536 / 64;

  // Ports given in one epoch, or in several of which it is the last.
  struct Given {
    std::uint64_t epoch = 0;
    std::unique_ptr<std::array<std::uint64_t, kWords>> ports;  // made when first needed
  };

  // Relaxed: who counts meanwhile wants a figure, no order.
  static void set(PortWord& word, std::uint64_t taken) {
    std::atomic_ref(word.taken).store(taken, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t taken_of(unsigned word) const {
    auto& bits = const_cast<std::uint64_t&>(words_[word].taken);
    return std::atomic_ref(bits).load(std::memory_order_relaxed);
  }
  // The ports of one word that may be taken and lie in [first, last].
  [[nodiscard]] std::uint64_t free_ports(const Turn& turn, unsigned word, unsigned first,
                                         unsigned last) const;
  [[nodiscard]] static bool waits(const Turn& turn, const Given& given);
  void wait(const Turn& turn, std::uint16_t port);

  const PortWord* words_;
  Given given_[2];                                               // two epochs are open at a time: by parity
  std::unique_ptr<std::array<std::uint64_t, kWords>> reserved_;  // null: none
};

// Goes round by words; the one with `start` is looked at twice, from `start` on and, at the end, below it.
template <class Prefers>
std::optional<std::uint16_t> PortBitmap::find_free(const Turn& turn, std::uint16_t first, std::uint16_t last,
                                                   std::uint16_t start, Share share, const Prefers& prefers,
                                                   std::optional<std::uint16_t> also_free) const {
  if (first > last) return std::nullopt;
  if (start < first || start > last) start = first;
  const unsigned first_word = first / 64u;
  const unsigned words = last / 64u - first_word + 1;
  std::optional<std::uint16_t> chosen;
  unsigned seen = 0;
  const auto look = [&](unsigned word, unsigned from, unsigned to) {
    if (!share.has(static_cast<std::uint16_t>(word * 64))) return false;
    std::uint64_t ports = free_ports(turn, word, from, to);
    if (also_free && *also_free / 64u == word && from <= *also_free && *also_free <= to)
      ports |= std::uint64_t{1} << (*also_free % 64);
    for (; ports != 0; ports &= ports - 1) {
      const auto port =
          static_cast<std::uint16_t>(word * 64 + static_cast<unsigned>(std::countr_zero(ports)));
      const bool preferred = prefers(port);
      if (preferred || !chosen) chosen = port;
      if (preferred || ++seen == kPreferred) return true;
    }
    return false;
  };
  bool found = false;
  for (unsigned i = 0; i < words && !found; ++i) {
    const unsigned word = first_word + (start / 64u - first_word + i) % words;
    found = look(word, i == 0 ? start : first, last);
  }
  if (!found && start > first) look(start / 64u, first, start - 1u);
  return chosen;
}

}  // namespace stillwater::region
