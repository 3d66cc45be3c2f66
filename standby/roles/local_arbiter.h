// `arbiter: none`: each node is its own. A cut cable between two live nodes then makes two leaders; of two
// records that meet, one is given up.
#pragma once

#include "base/arbiter.h"

namespace stillwater::standby {

// Answers at once. One thread.
class LocalArbiter final : public Arbiter {
 public:
  void read() override;
  void swap(const ArbiterRecord& expected, const ArbiterRecord& next) override;
  [[nodiscard]] int wake_fd() const override { return -1; }
  [[nodiscard]] std::optional<ArbiterAnswer> take_answer() override;

  // What the peer's own arbiter says: the greater term stays, of equal terms the active whose name is less,
  // of equal actives the smaller in-sync set: whoever is not in it is filled anew.
  void merge(const ArbiterRecord& theirs);
  [[nodiscard]] const ArbiterRecord& record() const { return record_; }

 private:
  ArbiterRecord record_;
  std::optional<ArbiterAnswer> answer_;
};

}  // namespace stillwater::standby
