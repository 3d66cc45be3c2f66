// A turn of a worker's loop, and the guards through which alone the region is written.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/clock.h"
#include "ckpt_engine/region/dirty_lines.h"
#include "ckpt_engine/region/region.h"

namespace stillwater::region {

// What a worker carries from its packet boundary to the next. Belongs to that worker's thread. A packet's
// dependency is gathered between `begin_packet` and reading `depends_epoch`.
class Turn {
 public:
  Turn(const Region& region, WorkerMarks& marks) : region_(&region), marks_(&marks) {}

  // `epoch` is CommittedEpoch::current(), `now` the region's clock, `committed` CommittedEpoch::committed(),
  // by default nobody to wait for; all hold for the whole turn.
  void begin(std::uint64_t epoch, Nanos now,
             std::uint64_t committed = std::numeric_limits<std::uint64_t>::max()) {
    epoch_ = epoch;
    committed_ = committed;
    now_ = now;
  }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] Nanos now() const { return now_; }
  [[nodiscard]] std::uint32_t now_s() const {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now_).count());
  }

  void begin_packet() { depends_epoch_ = 0; }
  // The packet in hand reads an object that changed in `epoch`.
  void depend_on(std::uint64_t epoch) { depends_epoch_ = epoch > depends_epoch_ ? epoch : depends_epoch_; }
  [[nodiscard]] std::uint64_t depends_epoch() const { return depends_epoch_; }

  template <class T>
  void mark(StateClass state_class, const T& object) {
    LineSet& lines = state_class == StateClass::hard ? *marks_->hard : *marks_->soft;
    if constexpr (sizeof(T) == kLineBytes && alignof(T) == kLineBytes)
      lines.mark(region_->offset_of(&object));
    else
      lines.mark(region_->offset_of(&object), sizeof(T));
  }

 private:
  const Region* region_;
  WorkerMarks* marks_;
  std::uint64_t epoch_ = 0;
  std::uint64_t committed_ = 0;
  std::uint64_t depends_epoch_ = 0;
  Nanos now_{0};
};

// A record that lives in the region says which class its root has.
template <class T>
concept Record = std::is_trivially_copyable_v<T> && std::same_as<const StateClass, decltype(T::kStateClass)>;

// The right to write one record for as long as the guard lives. Made by containers. Marks the record's lines
// before the first store; for hard records it stamps `changed_epoch`, where there is one, and makes the
// packet in hand depend on this epoch.
template <Record T>
class Write {
 public:
  Write(Turn& turn, const T& record) : record_(const_cast<T*>(&record)) {
    turn.mark(T::kStateClass, *record_);
    if constexpr (T::kStateClass == StateClass::hard) {
      turn.depend_on(turn.epoch());
      if constexpr (requires { record_->changed_epoch; }) record_->changed_epoch = turn.epoch();
    }
  }
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;

  [[nodiscard]] T* operator->() const { return record_; }
  [[nodiscard]] T& operator*() const { return *record_; }
  // Replaces the whole record, but for the epoch that it was stamped with.
  void assign(T value) const {
    if constexpr (requires { record_->changed_epoch; }) value.changed_epoch = record_->changed_epoch;
    *record_ = value;
  }

 private:
  T* record_;
};

}  // namespace stillwater::region
