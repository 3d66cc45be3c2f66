#include "mgmt/arbiter/etcd_value.h"

#include "mgmt/arbiter/rules.h"
#include "mgmt/arbiter/wire.h"

namespace stillwater::mgmt::arbiter {

std::string to_value(const ArbiterRecord& record) {
  // Fields in the order of their numbers, nodes sorted: protobuf leaves a choice in maps and unknown fields
  // only, and there are none.
  return to_message(record).SerializeAsString();
}

Result<ArbiterRecord> from_value(const std::string& value) {
  v1::Record message;
  if (!message.ParseFromString(value)) return fail(Errc::invalid_argument, "not a protobuf message");
  auto record = to_record(message);
  if (!record) return record;
  if (const Status ok = check_record(*record); !ok) return tl::unexpected(ok.error());
  if (record->term == 0) return fail(Errc::invalid_argument, "empty");
  if (to_value(*record) != value)
    return fail(Errc::invalid_argument, "not in the form that this version writes");
  return record;
}

}  // namespace stillwater::mgmt::arbiter
