#include "mgmt/arbiter/wire.h"

#include <algorithm>
#include <string>

namespace stillwater::mgmt::arbiter {

v1::Record to_message(const ArbiterRecord& record) {
  v1::Record message;
  message.set_term(record.term);
  message.set_active(record.active);
  for (const auto& node : record.in_sync) message.add_in_sync(node);
  message.set_region_id(std::string(record.region_id.begin(), record.region_id.end()));
  return message;
}

Result<ArbiterRecord> to_record(const v1::Record& message) {
  ArbiterRecord record;
  record.term = message.term();
  record.active = message.active();
  for (const auto& node : message.in_sync()) {
    if (!record.in_sync.insert(node).second)
      return fail(Errc::invalid_argument, "in_sync names a node twice");
  }
  const std::string& id = message.region_id();
  if (!id.empty() && id.size() != record.region_id.size()) {
    return fail(Errc::invalid_argument, "region_id has " + std::to_string(id.size()) + " bytes; expected " +
                                            std::to_string(record.region_id.size()) + ", or none");
  }
  std::copy(id.begin(), id.end(), record.region_id.begin());
  return record;
}

}  // namespace stillwater::mgmt::arbiter
