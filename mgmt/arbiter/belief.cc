#include "mgmt/arbiter/belief.h"

#include "mgmt/arbiter/rules.h"

namespace stillwater::mgmt::arbiter {

tl::unexpected<Error> unbelievable(const std::string& what) {
  return fail(Errc::protocol, "its answer cannot be: " + what);
}

Result<ArbiterRecord> Belief::of(const ArbiterRecord& said) {
  if (const Status ok = check_record(said); !ok) return unbelievable(ok.error().message);
  if (said.term < newest_term_)
    return unbelievable("its record has term " + std::to_string(said.term) + ", and term " +
                        std::to_string(newest_term_) + " was seen before: it lost what it knew");
  newest_term_ = said.term;
  return said;
}

Result<ArbiterAnswer> Belief::of_swap(const ArbiterRecord& expected, const ArbiterRecord& next, bool swapped,
                                      const ArbiterRecord& said) {
  return of(said).and_then([&](const ArbiterRecord& newest) -> Result<ArbiterAnswer> {
    if (swapped ? newest != next : newest == expected)
      return unbelievable("swapped or not does not match the record that came with it");
    return ArbiterAnswer{.kind = swapped ? ArbiterAnswer::Kind::swapped : ArbiterAnswer::Kind::refused,
                         .newest = newest};
  });
}

}  // namespace stillwater::mgmt::arbiter
