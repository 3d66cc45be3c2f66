#include "standby/roles/record.h"

namespace stillwater::standby {

wire::Record wire_of(const ArbiterRecord& record) {
  wire::Record on_wire{};
  on_wire.term = record.term;
  on_wire.region_id = record.region_id;
  on_wire.active = wire::padded<64>(record.active);
  std::size_t i = 0;
  for (const std::string& node : record.in_sync)
    if (i < on_wire.in_sync.size()) on_wire.in_sync[i++] = wire::padded<64>(node);
  return on_wire;
}

std::optional<ArbiterRecord> record_of(const wire::Record& on_wire) {
  ArbiterRecord record{.term = on_wire.term,
                       .active = wire::text_of(on_wire.active),
                       .in_sync = {},
                       .region_id = on_wire.region_id};
  for (const auto& padded : on_wire.in_sync) {
    const std::string node = wire::text_of(padded);
    if (node.size() == padded.size()) return std::nullopt;
    if (!node.empty() && !record.in_sync.insert(node).second) return std::nullopt;
  }
  if (record.active.size() == on_wire.active.size()) return std::nullopt;
  if (record.term >= wire::kTermEnd) return std::nullopt;
  const bool empty = record.term == 0;
  if (empty != record.active.empty() || empty != record.in_sync.empty()) return std::nullopt;
  if (!empty && !record.in_sync.contains(record.active)) return std::nullopt;
  return record;
}

}  // namespace stillwater::standby
