#include "standby/roles.h"

#include <tuple>

#include "ckpt_engine/wire/frame.h"

namespace stillwater::standby {
namespace {

bool holds_state(const wire::Hello& h) {
  return h.region_id != region::RegionId{} && h.state != wire::NodeState::starting &&
         h.state != wire::NodeState::syncing;
}

// Why the two can never be a pair; empty if they can.
std::string mismatch(const wire::Hello& mine, const wire::Hello& theirs) {
  if (mine.node == theirs.node)
    return "another daemon calls itself " + wire::text_of(mine.node) +
           "; give each node of the pair its own node.name";
  if (mine.region_format != theirs.region_format)
    return "region format " + std::to_string(theirs.region_format) + ", here " +
           std::to_string(mine.region_format) + "; run the same version on both nodes";
  if (mine.layout_digest != theirs.layout_digest || mine.region_bytes != theirs.region_bytes)
    return "another region layout; table sizes and versions must be the same on both nodes";
  if (mine.service_digest != theirs.service_digest)
    return "another service configuration; ports, routes, rules, source_nat and timeouts must be the same on "
           "both nodes";
  return {};
}

// Both lead: the greater (term, epoch, name) stays, as far as both see it.
bool outranks(const wire::Hello& a, const wire::Hello& b) {
  return std::tie(a.term, a.committed_epoch, a.node) > std::tie(b.term, b.committed_epoch, b.node);
}

// A leader that missed a term does not fill a copy of that term: whoever led in it may have told peers so.
bool supersedes(const wire::Hello& holder, const wire::Hello& leader) {
  return holds_state(holder) && holder.term > leader.term;
}

}  // namespace

const char* name_of(Role role) {
  switch (role) {
    case Role::starting:
      return "starting";
    case Role::syncing:
      return "syncing";
    case Role::standby:
      return "standby";
    case Role::active:
      return "active";
    case Role::standalone:
      return "standalone";
    case Role::fenced:
      return "fenced";
    case Role::failed:
      return "failed";
  }
  return "unknown";
}

wire::NodeState wire_state(Role role) {
  switch (role) {
    case Role::active:
    case Role::standalone:
      return wire::NodeState::leading;
    case Role::standby:
      return wire::NodeState::standby;
    case Role::syncing:
      return wire::NodeState::syncing;
    default:
      return wire::NodeState::starting;
  }
}

Meeting meet(const wire::Hello& mine, const wire::Hello& theirs) {
  if (std::string why = mismatch(mine, theirs); !why.empty()) return {Verdict::refuse, std::move(why)};
  const bool i_lead = mine.state == wire::NodeState::leading;
  const bool they_lead = theirs.state == wire::NodeState::leading;
  if (i_lead && they_lead) {
    if (outranks(mine, theirs)) return {Verdict::lead, {}};
    return {Verdict::step_down, "the peer leads in term " + std::to_string(theirs.term) +
                                    ", this node in term " + std::to_string(mine.term)};
  }
  if (i_lead && !supersedes(theirs, mine)) return {Verdict::lead, {}};
  if (i_lead)
    return {Verdict::step_down, "the peer holds state of term " + std::to_string(theirs.term) +
                                    ", this node leads in term " + std::to_string(mine.term)};
  if (they_lead) return {supersedes(mine, theirs) ? Verdict::take_over : Verdict::follow, {}};
  if (holds_state(mine) != holds_state(theirs))
    return {holds_state(mine) ? Verdict::take_over : Verdict::follow, {}};
  if (holds_state(mine)) return {outranks(mine, theirs) ? Verdict::take_over : Verdict::follow, {}};
  if (mine.prefers_to_lead != theirs.prefers_to_lead)
    return {mine.prefers_to_lead != 0 ? Verdict::lead : Verdict::follow, {}};
  return {mine.node < theirs.node ? Verdict::lead : Verdict::follow, {}};
}

}  // namespace stillwater::standby
