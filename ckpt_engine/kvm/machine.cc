#include "ckpt_engine/kvm/machine.h"

#include <cerrno>
#include <cstring>
#include <iterator>

#include <sys/ioctl.h>
#include <sys/mman.h>

#include <fcntl.h>

namespace stillwater::kvm {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

// The kernel's kvm_cpuid2 as C sees it. In C++ its flexible array has a size, and with it another request
// number.
struct Cpuid {
  std::uint32_t count;
  std::uint32_t padding;
  kvm_cpuid_entry2 entries[256];
};
constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, std::uint64_t);
constexpr unsigned long kSetCpuid2 = _IOW(KVMIO, 0x90, std::uint64_t);

Result<UniqueFd> open_device() {
  UniqueFd device(open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!device)
    return fail(Errc::unavailable, std::string("KVM cannot be used: /dev/kvm: ") + std::strerror(errno));
  const int version = ioctl(device.get(), KVM_GET_API_VERSION, 0);
  if (version != KVM_API_VERSION)
    return fail(Errc::unavailable, "KVM cannot be used: its API version is " + std::to_string(version) +
                                       ", not " + std::to_string(KVM_API_VERSION));
  return device;
}

// The value of a capability; 0 where the kernel has not heard of it.
int capability(int fd, unsigned long what) {
  const int value = ioctl(fd, KVM_CHECK_EXTENSION, what);
  return value < 0 ? 0 : value;
}

// On x86 both names say the same; kernels differ in which they list.
unsigned ring_capability(int fd) {
  if (capability(fd, KVM_CAP_DIRTY_LOG_RING_ACQ_REL) > 0) return KVM_CAP_DIRTY_LOG_RING_ACQ_REL;
  return capability(fd, KVM_CAP_DIRTY_LOG_RING) > 0 ? KVM_CAP_DIRTY_LOG_RING : 0;
}

Status has_tracking(int fd, Tracking tracking) {
  if (tracking == Tracking::log && capability(fd, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) == 0)
    return fail(Errc::unavailable, "this kernel's KVM has no dirty log that is cleared by hand (Linux 5.2)");
  if (tracking == Tracking::ring && ring_capability(fd) == 0)
    return fail(Errc::unavailable, "this kernel's KVM has no dirty ring (Linux 5.11)");
  return {};
}

Status enable(int vm, unsigned what, std::uint64_t argument, const char* name) {
  kvm_enable_cap cap{};
  cap.cap = what;
  cap.args[0] = argument;
  return call(vm, KVM_ENABLE_CAP, &cap, name);
}

// The guest may use what the host's KVM supports; without this no long mode is accepted.
Status copy_cpuid(int device, int vcpu) {
  const auto cpuid = std::make_unique<Cpuid>();
  cpuid->count = static_cast<std::uint32_t>(std::size(cpuid->entries));
  return call(device, kGetSupportedCpuid, cpuid.get(), "KVM_GET_SUPPORTED_CPUID").and_then([&] {
    return call(vcpu, kSetCpuid2, cpuid.get(), "KVM_SET_CPUID2");
  });
}

}  // namespace

Status call(int fd, unsigned long request, void* argument, const char* name) {
  if (ioctl(fd, request, argument) < 0) return fail_errno(name, errno);
  return {};
}

Status usable(Tracking tracking) {
  return open_device().and_then([&](const UniqueFd& device) { return has_tracking(device.get(), tracking); });
}

Result<std::unique_ptr<Machine>> Machine::create(const Memory& checkpointed, const Memory& device,
                                                 Tracking tracking, std::uint32_t ring_entries) {
  std::unique_ptr<Machine> machine(new Machine);
  machine->tracked_pages_ = checkpointed.bytes.size() / kPageBytes;
  const std::uint32_t flags = tracking == Tracking::none ? 0 : KVM_MEM_LOG_DIRTY_PAGES;
  Status made =
      machine->open_vm(tracking, ring_entries)
          .and_then([&] { return machine->add_slot(0, checkpointed, flags); })
          .and_then([&] { return machine->add_slot(1, device, 0); })
          .and_then([&] { return machine->open_vcpu(tracking == Tracking::ring ? ring_entries : 0); });
  if (!made) return tl::unexpected(made.error());
  return machine;
}

Machine::~Machine() {
  if (!ring_.empty()) munmap(ring_.data(), ring_.size_bytes());
  if (run_ != nullptr) munmap(run_, run_bytes_);
}

Status Machine::open_vm(Tracking tracking, std::uint32_t ring_entries) {
  auto device = open_device();
  if (!device) return tl::unexpected(device.error());
  device_ = std::move(*device);
  if (Status has = has_tracking(device_.get(), tracking); !has) return has;
  vm_.reset(ioctl(device_.get(), KVM_CREATE_VM, 0));
  if (!vm_) return fail_errno("KVM_CREATE_VM", errno);
  if (tracking == Tracking::log)
    return enable(vm_.get(), KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
                  "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
  if (tracking == Tracking::ring)
    return enable(vm_.get(), ring_capability(device_.get()), ring_entries * sizeof(kvm_dirty_gfn),
                  "KVM_CAP_DIRTY_LOG_RING");
  return {};
}

Status Machine::add_slot(std::uint32_t slot, const Memory& memory, std::uint32_t flags) {
  kvm_userspace_memory_region region{.slot = slot,
                                     .flags = flags,
                                     .guest_phys_addr = memory.guest_address,
                                     .memory_size = memory.bytes.size(),
                                     .userspace_addr = reinterpret_cast<std::uint64_t>(memory.bytes.data())};
  return call(vm_.get(), KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
}

Status Machine::open_vcpu(std::uint32_t ring_entries) {
  vcpu_.reset(ioctl(vm_.get(), KVM_CREATE_VCPU, 0));
  if (!vcpu_) return fail_errno("KVM_CREATE_VCPU", errno);
  const int run_bytes = ioctl(device_.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
  if (run_bytes < static_cast<int>(sizeof(kvm_run))) return fail_errno("KVM_GET_VCPU_MMAP_SIZE", errno);
  run_bytes_ = static_cast<std::size_t>(run_bytes);
  void* run = mmap(nullptr, run_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_.get(), 0);
  if (run == MAP_FAILED) return fail_errno("cannot map the vCPU's run page", errno);
  run_ = static_cast<kvm_run*>(run);
  if (ring_entries > 0) {
    void* ring = mmap(nullptr, ring_entries * sizeof(kvm_dirty_gfn), PROT_READ | PROT_WRITE, MAP_SHARED,
                      vcpu_.get(), KVM_DIRTY_LOG_PAGE_OFFSET * kPageBytes);
    if (ring == MAP_FAILED) return fail_errno("cannot map the dirty ring", errno);
    ring_ = {static_cast<kvm_dirty_gfn*>(ring), ring_entries};
  }
  return copy_cpuid(device_.get(), vcpu_.get());
}

}  // namespace stillwater::kvm
