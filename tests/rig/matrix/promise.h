// What a pair promises under two faults, and whether it kept it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/rig/matrix/draw.h"
#include "tests/rig/systems/node.h"
#include "tests/rig/wire/wire_verdict.h"

namespace stillwater::rig {

// What one fault may cost: the table in promise.cc.
struct Toll {
  std::string fault;            // without its argument
  std::vector<NodeId> loses{};  // whose memory is gone
  std::vector<NodeId> out{};    // who may be out of the in-sync set by it, its memory lost or not
  bool heals_itself = false;    // else it needs an argument that says when it is over
};

// The row of a fault, argument or not. invalid_argument: the table has none, and names those that it has.
[[nodiscard]] Result<Toll> toll_of(const std::string& fault);

// Whether sessions that were answered may be forgotten under both; the text says why. None: they may not.
[[nodiscard]] std::optional<std::string> may_forget(const Toll& first, const Toll& second);

// What one strike did; names of nodes are those of `Node::space`.
struct StrikeRecord {
  std::uint32_t number = 0;
  std::string at;      // UTC
  double begin_s = 0;  // since the first steady load
  Draw draw{};
  std::string leader_before;
  std::string leader_after;
  double outage_ms = 0;              // of the probe, the longest
  std::optional<double> whole_ms{};  // from the last heal; none: not within the bound
  std::string not_whole_because;
  std::uint64_t asked = 0;      // sessions and connections that had to work on
  std::uint64_t forgotten = 0;  // of them
  std::optional<std::string> may_forget{};
  bool serves = false;                 // new sessions, within the bound
  std::uint64_t stale_frames = 0;      // of an old active after the new one's first, the most a service
  std::uint64_t wrong_ports = 0;       // frames
  std::uint64_t duplicates = 0;        // datagrams, on the wire or at their receiver
  std::vector<std::string> errors{};   // that the pair counts, or that the rig met with
  std::string wire;                    // its verdict in words
  std::vector<std::string> reasons{};  // why this strike is bad

  [[nodiscard]] bool good() const { return reasons.empty(); }
};

// Frames of an old active after the new one's first, the most for one service. The one that does not lead in
// the end is the old one.
[[nodiscard]] std::uint64_t stale_frames(const WireVerdict& verdict, const std::string& leader_after);

// The reasons why the record, complete but for them, is bad.
[[nodiscard]] std::vector<std::string> broken_promises(const StrikeRecord& record,
                                                       std::uint32_t stale_frames_at_most);

}  // namespace stillwater::rig
