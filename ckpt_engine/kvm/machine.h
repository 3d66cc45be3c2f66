// A virtual machine of one vCPU over /dev/kvm: its memory slots, its vCPU's file, its dirty tracking.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <linux/kvm.h>

#include "base/fd.h"
#include "base/result.h"

namespace stillwater::kvm {

// Memory of this process that the guest sees at `guest_address`; page-aligned. It outlives the machine.
struct Memory {
  std::uint64_t guest_address;
  std::span<std::byte> bytes;
};

enum class Tracking : std::uint8_t { none, log, ring };

// How one ioctl went; the message names it and ends with the kernel's words.
[[nodiscard]] Status call(int fd, unsigned long request, void* argument, const char* name);

// Why KVM cannot be used here (no device, no permission, another API version, a capability that `tracking`
// needs), or success. Costs an open and a few ioctls.
[[nodiscard]] Status usable(Tracking tracking);

// Owns the files. Made by the process that runs it: KVM refuses another address space. One control thread;
// KVM_RUN is for one other thread.
class Machine {
 public:
  // Slot 0 is `checkpointed` and is tracked; slot 1 is `device` and is not. `ring_entries`, a power of two,
  // counts for Tracking::ring. Errors: unavailable (see `usable`), io.
  [[nodiscard]] static Result<std::unique_ptr<Machine>> create(const Memory& checkpointed,
                                                               const Memory& device, Tracking tracking,
                                                               std::uint32_t ring_entries = 1024);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  [[nodiscard]] int vm_fd() const { return vm_.get(); }
  [[nodiscard]] int vcpu_fd() const { return vcpu_.get(); }
  // Shared with the kernel: why the vCPU left the guest, and the wish that it leave at once.
  [[nodiscard]] kvm_run& run() const { return *run_; }
  [[nodiscard]] std::uint64_t tracked_pages() const { return tracked_pages_; }
  // Of Tracking::ring, else empty.
  [[nodiscard]] std::span<kvm_dirty_gfn> ring() const { return ring_; }

 private:
  Machine() = default;
  [[nodiscard]] Status open_vm(Tracking tracking, std::uint32_t ring_entries);
  [[nodiscard]] Status add_slot(std::uint32_t slot, const Memory& memory, std::uint32_t flags);
  [[nodiscard]] Status open_vcpu(std::uint32_t ring_entries);

  UniqueFd device_, vm_, vcpu_;
  kvm_run* run_ = nullptr;
  std::size_t run_bytes_ = 0;
  std::uint64_t tracked_pages_ = 0;
  std::span<kvm_dirty_gfn> ring_;
};

}  // namespace stillwater::kvm
