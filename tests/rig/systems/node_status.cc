#include "tests/rig/systems/node_status.h"

#include <cstdlib>

#include <nlohmann/json.hpp>

namespace stillwater::rig {
namespace {

using nlohmann::json;

const json& member(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

double number(const json& value) {
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : 0;
}

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

}  // namespace

Result<NodeStatus> parse_node_status(const std::string& document) {
  const json status = json::parse(document, nullptr, false);
  if (status.is_discarded() || !member(status, "role").is_string()) {
    return fail(Errc::protocol, "not a status: " + document.substr(0, 200));
  }
  const json& can = member(status, "can_fail_over");
  const json& checkpoint = member(status, "checkpoint");
  NodeStatus parsed;
  parsed.role = text(member(status, "role"));
  parsed.can_fail_over = can.is_boolean() && can.get<bool>();
  parsed.cannot_fail_over_because = text(member(status, "cannot_fail_over_because"));
  parsed.last_takeover = text(member(status, "last_takeover"));
  const auto count = [](const json& value) { return static_cast<std::uint64_t>(number(value)); };
  parsed.term = count(member(status, "term"));
  parsed.digest_mismatches = count(member(member(checkpoint, "digests"), "mismatches"));
  parsed.unmarked_writes = count(member(checkpoint, "unmarked_writes"));
  parsed.checkpoint.checkpoints = count(member(checkpoint, "checkpoints"));
  parsed.checkpoint.interval_us_p50 = number(member(member(checkpoint, "interval_us"), "p50"));
  parsed.checkpoint.blackout_us_p50 = number(member(member(checkpoint, "blackout_us"), "p50"));
  parsed.checkpoint.blackout_us_p99 = number(member(member(checkpoint, "blackout_us"), "p99"));
  parsed.checkpoint.dirty_lines_p50 = number(member(member(checkpoint, "dirty_lines"), "p50"));
  return parsed;
}

}  // namespace stillwater::rig
