#include "ckpt_engine/kvm/vcpu_state.h"

#include <sys/ioctl.h>

namespace stillwater::kvm {
namespace {

// Bits of the control registers, by the names that the manuals give them.
constexpr std::uint64_t kCr0 =
    1u | (1u << 1) | (1u << 4) | (1u << 5) | (1u << 16) | (1u << 31);  // PE MP ET NE WP PG
constexpr std::uint64_t kCr4 = (1u << 5) | (1u << 9) | (1u << 10);     // PAE OSFXSR OSXMMEXCPT
constexpr std::uint64_t kEfer = (1u << 8) | (1u << 10);                // LME LMA
constexpr std::uint64_t kFlags = 1u << 1;  // the bit that is always one; interrupts off

// The kernel's kvm_xsave as C sees it. In C++ its flexible array has a size, and with it another request
// number.
constexpr unsigned long kGetXsave = _IOR(KVMIO, 0xa4, XsaveArea);
constexpr unsigned long kSetXsave = _IOW(KVMIO, 0xa5, XsaveArea);
static_assert(sizeof(XsaveArea) == 4096);

kvm_segment user_segment(std::uint16_t selector, std::uint8_t type) {
  kvm_segment segment{};
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = 1;
  segment.dpl = 3;
  segment.s = 1;
  segment.g = 1;
  return segment;
}

}  // namespace

Status save(const Machine& machine, VcpuState& state) {
  const int vcpu = machine.vcpu_fd();
  state.magic = VcpuState::kMagic;
  return call(vcpu, KVM_GET_REGS, &state.regs, "KVM_GET_REGS")
      .and_then([&] { return call(vcpu, KVM_GET_SREGS, &state.sregs, "KVM_GET_SREGS"); })
      .and_then([&] { return call(vcpu, KVM_GET_VCPU_EVENTS, &state.events, "KVM_GET_VCPU_EVENTS"); })
      .and_then([&] { return call(vcpu, KVM_GET_XCRS, &state.xcrs, "KVM_GET_XCRS"); })
      .and_then([&] { return call(vcpu, kGetXsave, &state.xsave, "KVM_GET_XSAVE"); });
}

Status load(const Machine& machine, const VcpuState& state) {
  if (state.magic != VcpuState::kMagic) return fail(Errc::corrupt, "the checkpoint holds no vCPU's state");
  const int vcpu = machine.vcpu_fd();
  VcpuState copy = state;
  return call(vcpu, KVM_SET_SREGS, &copy.sregs, "KVM_SET_SREGS")
      .and_then([&] { return call(vcpu, KVM_SET_REGS, &copy.regs, "KVM_SET_REGS"); })
      .and_then([&] { return call(vcpu, KVM_SET_XCRS, &copy.xcrs, "KVM_SET_XCRS"); })
      .and_then([&] { return call(vcpu, kSetXsave, &copy.xsave, "KVM_SET_XSAVE"); })
      .and_then([&] { return call(vcpu, KVM_SET_VCPU_EVENTS, &copy.events, "KVM_SET_VCPU_EVENTS"); });
}

Status start_at(const Machine& machine, std::uint64_t page_tables, std::uint64_t entry, std::uint64_t stack,
                const std::array<std::uint64_t, 3>& arguments) {
  kvm_sregs sregs{};
  if (Status got = call(machine.vcpu_fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"); !got) return got;
  sregs.cs = user_segment(0x33, 11);
  sregs.cs.l = 1;
  sregs.ds = user_segment(0x2b, 3);
  sregs.ds.db = 1;
  sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
  sregs.cr0 = kCr0;
  sregs.cr3 = page_tables;
  sregs.cr4 = kCr4;
  sregs.efer = kEfer;
  kvm_regs regs{};
  regs.rip = entry;
  regs.rsp = stack - 8;  // as if called
  regs.rflags = kFlags;
  regs.rdi = arguments[0];
  regs.rsi = arguments[1];
  regs.rdx = arguments[2];
  return call(machine.vcpu_fd(), KVM_SET_SREGS, &sregs, "KVM_SET_SREGS").and_then([&] {
    return call(machine.vcpu_fd(), KVM_SET_REGS, &regs, "KVM_SET_REGS");
  });
}

}  // namespace stillwater::kvm
