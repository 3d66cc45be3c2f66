#include "standby/roles/roles.h"

#include <cstdio>

#include "ckpt_engine/wire/frame.h"

namespace stillwater::standby {
namespace {

// "1a2b3c4d5e6f7081 of 68 MiB".
std::string layout_text(const wire::Hello& h) {
  char digest[17];
  std::snprintf(digest, sizeof(digest), "%016llx", static_cast<unsigned long long>(h.layout_digest));
  return std::string(digest) + " of " + std::to_string(h.region_bytes >> 20) + " MiB";
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

std::string mismatch(const wire::Hello& mine, const wire::Hello& theirs) {
  const std::string their_name = wire::text_of(theirs.node);
  if (their_name.empty() || their_name.size() == theirs.node.size())
    return "the peer has no name of 1 to 63 bytes; set its node.name";
  if (wire::text_of(mine.node) == their_name)
    return "another daemon calls itself " + wire::text_of(mine.node) +
           "; give each node of the pair its own node.name";
  if (mine.region_format != theirs.region_format)
    return "region format " + std::to_string(theirs.region_format) + ", here " +
           std::to_string(mine.region_format) + "; run the same version on both nodes";
  if (mine.layout_digest != theirs.layout_digest || mine.region_bytes != theirs.region_bytes)
    return "region layout " + layout_text(theirs) + ", here " + layout_text(mine) +
           "; table sizes, workers and versions must be the same on both nodes";
  if (mine.service_digest != theirs.service_digest)
    return "another service configuration; ports, routes, rules, source_nat, timeouts and replication.lease "
           "must be the same on "
           "both nodes";
  if (mine.arbitrated != theirs.arbitrated)
    return "one node has an arbiter and the other has none; `arbiter` must be the same on both nodes";
  return {};
}

}  // namespace stillwater::standby
