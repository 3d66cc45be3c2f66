// Where a node is in the protocol, and what may befall it there: the two sides of the coverage table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace stillwater::sim {

enum class Step : std::uint8_t {
  starting,
  empty_asked,  // asked the arbiter to begin a new history
  begin_empty,  // begins it
  syncing,      // is filled
  filled,       // is whole, not in the set yet
  standby_idle,
  standby_partial,  // an epoch is partly here
  suspecting,       // grants nothing any more
  promote_asked,
  waiting_grants,  // has the lead by the record, waits for its grants to end
  takeover,        // one of its steps
  standalone,
  first_sync,  // sends the copy
  joining,     // obeys the standby that is not in the set yet
  add_asked,
  active_idle,
  quiescing,      // stops the workers, of a brownout or a blackout
  blackout,       // they stand still
  shipping,       // sends a group
  commit_record,  // sends it
  awaiting_ack,
  remove_asked,
  handing,  // its last epoch
  hand_over_asked,
  fenced,
};
inline constexpr std::size_t kSteps = static_cast<std::size_t>(Step::fenced) + 1;

enum class Fault : std::uint8_t {
  crash,          // this process dies; it is started again later
  power,          // both nodes' power
  freeze,         // the whole node stands still for a while
  stall_control,  // one of its threads does
  stall_heartbeat,
  break_connection,  // at any byte
  partition,
  one_way,  // one direction of the network is cut
  refuse_dials,
  lose_beats,  // in one direction
  late_beats,  // late, out of order, twice
  slow_connection,
  arbiter_down,     // its record stays
  arbiter_cut_off,  // for this node
  arbiter_slow,
  lost_request,  // the next one of this node
  lost_answer,
  late_request,   // carried out long after it was given up
  hostile_group,  // the next group says that it belongs into protected memory
  no_quiesce,     // the next attempts time out
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::no_quiesce) + 1;

[[nodiscard]] const char* name_of(Step step);
[[nodiscard]] const char* name_of(Fault fault);

// How often a fault hit a node at a step.
struct Coverage {
  std::array<std::array<std::uint64_t, kSteps>, kFaults> hits{};

  void add(const Coverage& other) {
    for (std::size_t f = 0; f < kFaults; ++f)
      for (std::size_t s = 0; s < kSteps; ++s) hits[f][s] += other.hits[f][s];
  }
};

}  // namespace stillwater::sim
