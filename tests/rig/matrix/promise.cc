#include "tests/rig/matrix/promise.h"

#include <algorithm>

#include <fmt/format.h>

namespace stillwater::rig {
namespace {

const std::vector<NodeId> kNobody{};
const std::vector<NodeId> kActive{NodeId::active};
const std::vector<NodeId> kStandby{NodeId::standby};
const std::vector<NodeId> kBoth{NodeId::active, NodeId::standby};

// Roles as the first fault strikes, when both nodes are in the in-sync set. A node that stands still is
// removed or succeeded; a cut cable puts out whoever asks the arbiter later, which may be either. A lost data
// link, witness or clock moves no role by itself.
const std::vector<Toll>& tolls() {
  static const std::vector<Toll> kTolls = {
      {"kill", kActive, kActive},
      {"kill-process", kActive, kActive},
      {"restart", kActive, kActive, true},
      {"power", kActive, kActive},
      {"power-both", kBoth, kBoth, true},
      {"freeze", kNobody, kActive, true},
      {"standby-lost", kStandby, kStandby},
      {"restart-standby", kStandby, kStandby, true},
      {"freeze-standby", kNobody, kStandby, true},
      {"cut-replication", kNobody, kBoth},
      {"cut-second-cable"},
      {"cut-inside"},
      {"cut-outside"},
      {"cut-witness"},
      {"cut-standby-inside"},
      {"cut-standby-outside"},
      {"cut-standby-witness"},
      {"witness-down"},
      {"clock-step", kNobody, kNobody, true},
  };
  return kTolls;
}

bool has(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

Result<Toll> toll_of(const std::string& fault) {
  const std::string name = fault.substr(0, fault.find(':'));
  std::string names;
  for (const Toll& toll : tolls()) {
    if (toll.fault == name) return toll;
    names += (names.empty() ? "" : ", ") + toll.fault;
  }
  return fail(Errc::invalid_argument,
              fmt::format("what '{}' may cost is not known to the matrix, which has {}", name, names));
}

std::optional<std::string> may_forget(const Toll& first, const Toll& second) {
  const auto lost = [&](NodeId node) { return has(first.loses, node) || has(second.loses, node); };
  if (lost(NodeId::active) && lost(NodeId::standby)) return "the memory of both nodes was lost";
  // While the first fault lasts the set may be down to one node. The other order is no excuse: a node whose
  // memory went first is out, and the one that remains may stand still or be cut off, but keeps what it
  // holds.
  for (const NodeId last : {NodeId::active, NodeId::standby}) {
    if (has(first.out, other(last)) && has(second.loses, last)) {
      return fmt::format("the {} may have been the last of the in-sync set, and lost its memory",
                         name_of(last));
    }
  }
  return std::nullopt;
}

// A node that was silent for more than the check's `settled` and speaks again is the one that came in later.
std::uint64_t stale_frames(const WireVerdict& verdict, const std::string& leader_after) {
  std::uint64_t most = 0;
  for (const Overlap& it : verdict.overlaps) {
    const AnswerCounts& stale = it.held_by == leader_after ? it.also_sent : it.held_by_sent;
    most = std::max(most, stale.frames());
  }
  return most;
}

std::vector<std::string> broken_promises(const StrikeRecord& record, std::uint32_t stale_frames_at_most) {
  std::vector<std::string> reasons;
  const auto bad_if = [&](bool bad, std::string reason) {
    if (bad) reasons.push_back(std::move(reason));
  };
  bad_if(record.stale_frames > stale_frames_at_most,
         fmt::format("{} frames of the old active after the new one's first, above {}", record.stale_frames,
                     stale_frames_at_most));
  bad_if(record.wrong_ports > 0,
         fmt::format("{} frames of a virtual MAC at a port that is no node's of it", record.wrong_ports));
  bad_if(record.duplicates > 0, fmt::format("{} datagrams came out twice", record.duplicates));
  bad_if(!record.may_forget && record.forgotten > 0,
         fmt::format("{} of {} answered sessions were forgotten", record.forgotten, record.asked));
  bad_if(!record.not_whole_because.empty(),
         "the pair did not become whole again: " + record.not_whole_because);
  bad_if(record.errors.empty() && record.whole_ms && !record.serves,
         "the pair served no new session in time");
  for (const std::string& error : record.errors) bad_if(true, error);
  return reasons;
}

}  // namespace stillwater::rig
