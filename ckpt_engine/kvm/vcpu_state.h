// A vCPU's state as it travels in a checkpoint: what a stopped CPL3 program needs to go on elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include <linux/kvm.h>

#include "ckpt_engine/kvm/machine.h"

namespace stillwater::kvm {

// x87 and vector registers.
using XsaveArea = std::array<std::uint32_t, 1024>;

// In a root of its own beside the guest's memory. Both nodes run the same build on the same kind of CPU: the
// structures are the kernel's. No time stamp counter, interrupt controller or MSR: this guest uses none.
struct VcpuState {
  static constexpr std::array<char, 8> kMagic = {'S', 'W', 'V', 'C', 'P', 'U', '0', '1'};

  std::array<char, 8> magic;  // all zero: no state was ever saved here
  kvm_regs regs;
  kvm_sregs sregs;
  kvm_vcpu_events events;
  kvm_xcrs xcrs;
  XsaveArea xsave;
};
static_assert(std::is_trivially_copyable_v<VcpuState>);

// Both while the vCPU is not in KVM_RUN. Errors: io; load also: corrupt, and the vCPU is not to be run.
[[nodiscard]] Status save(const Machine& machine, VcpuState& state);
[[nodiscard]] Status load(const Machine& machine, const VcpuState& state);

// 64-bit code at CPL3, identity-mapped by page tables at `page_tables`, about to execute `entry` with `stack`
// and up to three arguments.
[[nodiscard]] Status start_at(const Machine& machine, std::uint64_t page_tables, std::uint64_t entry,
                              std::uint64_t stack, const std::array<std::uint64_t, 3>& arguments);

}  // namespace stillwater::kvm
