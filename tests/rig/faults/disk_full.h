// Fault: the disk that the active writes to has no byte left.
#pragma once

#include <string>

#include "base/fd.h"
#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

// The node's folder must be a small file system of its own (see systems/small_disk.h): the machine's disk is
// never filled. heal() and destruction give the space back.
class DiskFull final : public Fault {
 public:
  DiskFull(std::optional<Nanos> heals_after, const FaultContext& context)
      : heals_after_(heals_after), context_(context) {}
  ~DiskFull() override;

  [[nodiscard]] std::string name() const override { return "disk-full"; }
  [[nodiscard]] Expectation expectation() const override {
    return {.gone = {}, .successor = false, .loses_service = false};
  }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override { return heals_after_; }
  [[nodiscard]] Result<Struck> heal() override;

 private:
  [[nodiscard]] Status fill();
  [[nodiscard]] Status give_back();

  std::optional<Nanos> heals_after_;
  FaultContext context_;
  std::string filler_path_;
  UniqueFd filler_;
};

}  // namespace stillwater::rig
