// How often errors are told (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f).
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/datapath/token_bucket.h"

namespace stillwater::dataplane {

// Belongs to one worker's thread.
class ErrorLimit {
 public:
  // The bucket holds a tenth of a second's, 10 at least, and begins full. 0: none is ever told.
  explicit ErrorLimit(std::uint32_t per_second) : tells_(per_second != 0) {
    if (tells_) bucket_ = TokenBucket({per_second, std::max(10u, per_second / 10)}, 1);
  }

  [[nodiscard]] bool take(Instant now) { return tells_ && bucket_.take(now); }

 private:
  bool tells_;
  TokenBucket bucket_;
};

}  // namespace stillwater::dataplane
