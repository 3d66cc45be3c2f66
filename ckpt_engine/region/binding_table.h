// NAT bindings of one worker: which endpoint inside is seen outside as which, and for how many sessions.
#pragma once

#include <cstdint>
#include <type_traits>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

// What a binding is found by. Addresses and ports as on the wire; for ICMP the port is the echo identifier.
// `realm` and `of` keep kinds of keys apart: they are the owner's to choose.
struct BindingKey {
  std::uint32_t address_be = 0;
  std::uint16_t port_be = 0;
  std::uint8_t protocol = 0;
  std::uint8_t realm = 0;
  std::uint32_t of = 0;

  friend bool operator==(const BindingKey&, const BindingKey&) = default;
};
static_assert(sizeof(BindingKey) == 12 && std::has_unique_object_representations_v<BindingKey>);

// Hard: what a peer is told follows from every field. One line.
struct alignas(kLineBytes) Binding {
  static constexpr StateClass kStateClass = StateClass::hard;

  std::uint64_t changed_epoch;  // epoch of the last write; what reads this binding depends on it
  BindingKey internal;
  BindingKey external;      // of no protocol: it is found by `internal` alone
  std::uint32_t sessions;   // that use it
  std::uint32_t next[2];    // in the chain of `internal`, of `external`: reference + 1, 0: the end
  std::uint32_t next_free;  // slot + 1, while free
  std::uint32_t in_use;     // 0 or 1
  std::uint8_t reserved[12];
};
static_assert(sizeof(Binding) == kLineBytes && std::is_trivially_copyable_v<Binding>);

// The head of a chain.
struct BindingHead {
  static constexpr StateClass kStateClass = StateClass::hard;
  std::uint32_t reference;  // slot << 1 | which key, and 1 added; 0: none
};
static_assert(sizeof(BindingHead) == 4);

// The table's own bookkeeping: the first line of the heads' root.
struct BindingTableControl {
  static constexpr StateClass kStateClass = StateClass::hard;

  std::uint32_t in_use;
  std::uint32_t free_slot;   // slot + 1, 0: none
  std::uint32_t fresh_slot;  // slots from here on were never used
  std::uint8_t reserved[52];
};
static_assert(sizeof(BindingTableControl) == kLineBytes);

// Chained hash over both keys: O(1). A view: the region must outlive it. The owning worker writes; any thread
// may read while workers are quiesced.
class BindingTable {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  // Adds the roots "bindings.SHARD.*" for at least `bindings_max` bindings (1 .. 2^29).
  static void add_roots(Layout& layout, unsigned shard, std::uint32_t bindings_max);

  BindingTable(const Region& region, unsigned shard);

  // The slot of the binding that has this key, as either of its two; kNone: there is none.
  [[nodiscard]] std::uint32_t find(const BindingKey& key) const;
  [[nodiscard]] const Binding& at(std::uint32_t slot) const { return bindings_[slot]; }
  [[nodiscard]] std::uint32_t in_use() const { return control_->in_use; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  // Slots below this one may be in use: the bound for a walk.
  [[nodiscard]] std::uint32_t slots_touched() const { return control_->fresh_slot; }
  // Whether insert would succeed.
  [[nodiscard]] bool has_room() const {
    return control_->free_slot != 0 || control_->fresh_slot != capacity_;
  }

  // Adds a binding without sessions. kNone if all are in use; nothing changed then. The caller has made sure
  // that neither key is there.
  [[nodiscard]] std::uint32_t insert(Turn& turn, const BindingKey& internal, const BindingKey& external);
  void erase(Turn& turn, std::uint32_t slot);
  [[nodiscard]] Write<Binding> edit(Turn& turn, std::uint32_t slot) { return {turn, bindings_[slot]}; }

 private:
  static std::uint32_t reference_of(std::uint32_t slot, unsigned which) { return (slot << 1 | which) + 1; }
  [[nodiscard]] const BindingHead& head_of(const BindingKey& key) const;
  void link(Turn& turn, std::uint32_t slot, unsigned which);
  void unlink(Turn& turn, std::uint32_t slot, unsigned which);

  const Region* region_;
  const BindingTableControl* control_;
  const Binding* bindings_;
  const BindingHead* heads_;
  std::uint32_t capacity_;
  std::uint32_t head_mask_;
};

}  // namespace stillwater::region
