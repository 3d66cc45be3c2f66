// `fence: ebpf`: the kernel lets no frame out of the data ports past the permit's instant, even those of a
// process that was frozen between its look at the permit and its send.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace stillwater::appliance {

// A tc egress program (fence.bpf.c) and its place on interfaces. A process that is killed leaves it attached,
// and past the last instant that it was told it takes every frame: until a successor of that process replaces
// it, or remove_leftover. Control thread, but for what is said otherwise.
class EbpfFence {
 public:
  // Loads the program, closed, and has it show that it opens and closes by this process's clock. Errors say
  // what the kernel or the process lacks.
  [[nodiscard]] static Result<std::unique_ptr<EbpfFence>> load();
  // Detaches; whoever uses until_ns() is gone.
  ~EbpfFence();
  EbpfFence(const EbpfFence&) = delete;
  EbpfFence& operator=(const EbpfFence&) = delete;

  // To an interface of this network namespace, in place of what a killed process left there. Errors name the
  // interface.
  [[nodiscard]] Status attach(const std::string& interface);
  // From all of them, where it is still there. Twice does nothing.
  void detach();

  // Where a TransmitPermit keeps its instant (CLOCK_BOOTTIME), for the kernel to read as well.
  [[nodiscard]] std::int64_t& until_ns();
  // Frames that were to leave too late, of all interfaces. Any thread.
  [[nodiscard]] std::uint64_t stolen_frames() const;

  // Takes away what a killed process left on an interface that is to have no fence any more. True: there was
  // something.
  [[nodiscard]] static Result<bool> remove_leftover(const std::string& interface);

 private:
  struct Program;
  explicit EbpfFence(std::unique_ptr<Program> program);
  [[nodiscard]] Status prove();

  std::unique_ptr<Program> program_;
  std::vector<unsigned> attached_;  // interface indexes
};

}  // namespace stillwater::appliance
