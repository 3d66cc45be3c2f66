#include "ckpt_engine/kvm/guest.h"

#include <cstdlib>
#include <cstring>

#include "ckpt_engine/kvm/log_tracker.h"
#include "ckpt_engine/kvm/ring_tracker.h"

extern "C" const std::byte stillwater_guest_begin[], stillwater_guest_end[];

namespace stillwater::kvm {
namespace {

constexpr const char* kMemoryRoot = "guest.memory";
constexpr const char* kVcpuRoot = "guest.vcpu";

GuestExtents extents_of(const region::Region& region) {
  const region::Root memory = region.root(kMemoryRoot);
  const region::Root vcpu = region.root(kVcpuRoot);
  constexpr std::uint64_t kVcpuBytes = (sizeof(VcpuState) + region::kLineBytes - 1) / region::kLineBytes;
  return {{memory.offset, memory.bytes}, {vcpu.offset, kVcpuBytes * region::kLineBytes}};
}

// Each of the first 512 times 2 MiB is mapped to itself. Accessed and dirty are set beforehand, so that the
// processor writes nothing here.
void write_page_tables(std::byte* memory) {
  constexpr std::uint64_t kUserWritable = 1 | 2 | 4 | 32;  // present, writable, user, accessed
  constexpr std::uint64_t kLarge = 64 | 128;               // dirty, 2 MiB
  std::uint64_t table[3][512] = {};
  table[0][0] = (guest::kPageTables + guest::kPageBytes) | kUserWritable;
  table[1][0] = (guest::kPageTables + 2 * guest::kPageBytes) | kUserWritable;
  for (std::uint64_t i = 0; i < 512; ++i) table[2][i] = (i << 21) | kUserWritable | kLarge;
  std::memcpy(memory + guest::kPageTables, table, sizeof(table));
}

}  // namespace

region::Layout Guest::layout() {
  region::Layout layout;
  layout.add(kMemoryRoot, region::StateClass::hard, guest::kMemoryBytes, guest::kPageBytes);
  layout.add(kVcpuRoot, region::StateClass::hard, sizeof(VcpuState), sizeof(VcpuState));
  return layout;
}

Result<std::unique_ptr<Guest>> Guest::create(region::Region& region, Tracking tracking, const Clock& clock,
                                             std::uint32_t ring_entries) {
  auto port = Port::create();
  if (!port) return tl::unexpected(port.error());
  const region::Root memory = region.root(kMemoryRoot);
  auto machine = Machine::create({0, {memory.data, memory.bytes}}, {guest::kPort, port->memory()}, tracking,
                                 ring_entries);
  if (!machine) return tl::unexpected(machine.error());
  std::unique_ptr<Guest> guest(new Guest(region, std::move(*port), std::move(*machine)));
  std::function<void()> ring_full;
  if (tracking == Tracking::log)
    guest->tracker_ = std::make_unique<KvmLogTracker>(*guest->machine_, extents_of(region));
  if (tracking == Tracking::ring) {
    auto ring = std::make_unique<KvmRingTracker>(*guest->machine_, extents_of(region));
    ring_full = [&tracker = *ring] { tracker.ring_full(); };
    guest->tracker_ = std::move(ring);
  }
  guest->vcpu_ = std::make_unique<VcpuThread>(*guest->machine_, clock, std::move(ring_full));
  guest->barrier_ = std::make_unique<GuestBarrier>(
      GuestBarrier::Parts{*guest->machine_, *guest->vcpu_, guest->port_,
                          *reinterpret_cast<VcpuState*>(region.root(kVcpuRoot).data), guest->state(), clock});
  return guest;
}

Guest::Guest(region::Region& region, Port port, std::unique_ptr<Machine> machine)
    : region_(region), port_(std::move(port)), machine_(std::move(machine)) {}

const guest::State& Guest::state() const {
  return *reinterpret_cast<const guest::State*>(region_.root(kMemoryRoot).data + guest::kState);
}

PageTracker& Guest::tracker() {
  if (tracker_ == nullptr) std::abort();
  return *tracker_;
}

Status Guest::boot() {
  std::byte* memory = region_.root(kMemoryRoot).data;
  const auto image_bytes = static_cast<std::size_t>(stillwater_guest_end - stillwater_guest_begin);
  if (image_bytes > guest::kCodeBytesMax)
    return fail(Errc::invalid_argument, "the guest's program is too large for its place");
  write_page_tables(memory);
  std::memcpy(memory + guest::kCode, stillwater_guest_begin, image_bytes);
  Status ready = start_at(*machine_, guest::kPageTables, guest::kCode, guest::kStackTop,
                          {guest::kPort, guest::kState, 0});
  if (!ready) return ready;
  vcpu_->resume();
  port_.restart();
  return {};
}

Status Guest::wake(Nanos timeout) {
  const auto& saved = *reinterpret_cast<const VcpuState*>(region_.root(kVcpuRoot).data);
  if (Status loaded = load(*machine_, saved); !loaded) return loaded;
  vcpu_->resume();
  return barrier_->await_indication(timeout);
}

}  // namespace stillwater::kvm
