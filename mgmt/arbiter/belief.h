// Which of an arbiter's answers are believed.
#pragma once

#include <cstdint>
#include <string>

#include "base/arbiter.h"
#include "base/result.h"

namespace stillwater::mgmt::arbiter {

// An answer that cannot be: `protocol`.
[[nodiscard]] tl::unexpected<Error> unbelievable(const std::string& what);

// One thread.
class Belief {
 public:
  // `said`, unless it breaks a rule of records or has an older term than one that was believed before: then
  // `protocol`.
  [[nodiscard]] Result<ArbiterRecord> of(const ArbiterRecord& said);

  // The answer to a swap, of which the arbiter says whether it happened and that `said` is the record now.
  // Fails as of() does, and where the two do not go together.
  [[nodiscard]] Result<ArbiterAnswer> of_swap(const ArbiterRecord& expected, const ArbiterRecord& next,
                                              bool swapped, const ArbiterRecord& said);

 private:
  std::uint64_t newest_term_ = 0;
};

}  // namespace stillwater::mgmt::arbiter
