#include "dataplane/datapath/drop_reason.h"

namespace stillwater::dataplane {

const char* name_of(DropReason reason) {
  static constexpr const char* kNames[] = {
#define X(name, meaning) #name,
      STILLWATER_DROP_REASONS(X)
#undef X
  };
  return kNames[static_cast<std::size_t>(reason)];
}

const char* meaning_of(DropReason reason) {
  static constexpr const char* kMeanings[] = {
#define X(name, meaning) meaning,
      STILLWATER_DROP_REASONS(X)
#undef X
  };
  return kMeanings[static_cast<std::size_t>(reason)];
}

}  // namespace stillwater::dataplane
