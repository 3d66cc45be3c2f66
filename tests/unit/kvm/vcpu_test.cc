// A vCPU's state travels whole, and a guest that cannot go on says so.
#include "tests/unit/kvm/pair.h"

namespace stillwater::tests {

using kvm::Tracking;

namespace {

kvm::VcpuState& saved_in(const region::Region& region) {
  return *reinterpret_cast<kvm::VcpuState*>(region.root("guest.vcpu").data);
}

}  // namespace

TEST_CASE("M5: registers, vector registers among them, are the same in the vCPU that they are loaded into") {
  if (!kvm_can(Tracking::none)) return;
  for_seeds(5, [](Random& random) {
    RunningGuest source(Tracking::none), target(Tracking::none);
    source.quiesce();
    target.quiesce();
    kvm::VcpuState state = saved_in(*source.region);
    for (__u64* reg : {&state.regs.rax, &state.regs.rbx, &state.regs.r8, &state.regs.r15}) *reg = random();
    constexpr std::size_t kXmm0 = 160 / 4;
    for (std::size_t i = 0; i < 64; ++i) state.xsave[kXmm0 + i] = static_cast<std::uint32_t>(random());
    state.xsave[512 / 4] |= 3;  // x87 and SSE are in use
    REQUIRE(kvm::load(source.guest->machine(), state));

    kvm::VcpuState there{}, here{};
    REQUIRE(kvm::save(source.guest->machine(), here));
    REQUIRE(kvm::load(target.guest->machine(), here));
    REQUIRE(kvm::save(target.guest->machine(), there));
    CHECK(std::memcmp(&here.regs, &state.regs, sizeof(here.regs)) == 0);
    CHECK(std::memcmp(&here.xsave[kXmm0], &state.xsave[kXmm0], 256) == 0);
    CHECK(std::memcmp(&there, &here, sizeof(here)) == 0);
  });
}

TEST_CASE("a guest is not woken from a region that holds no vCPU's state") {
  if (!kvm_can(Tracking::none)) return;
  const BootClock clock;
  const auto region = make_region(kvm::Guest::layout());
  const auto guest = kvm::Guest::create(*region, Tracking::none, clock);
  REQUIRE(guest);
  const Status woken = (*guest)->wake(1s);
  REQUIRE_FALSE(woken);
  CHECK(woken.error().code == Errc::corrupt);
}

TEST_CASE("a guest that stopped by itself is told apart from one that holds packets") {
  if (!kvm_can(Tracking::none)) return;
  RunningGuest g(Tracking::none);
  g.quiesce();
  kvm::VcpuState state = saved_in(*g.region);
  state.regs.rip = 0x4000'0000'0000;  // nothing is mapped there, and nobody handles the fault
  REQUIRE(kvm::load(g.guest->machine(), state));
  g.resume();
  const Status quiesced = g.guest->barrier().quiesce(kPatience);
  REQUIRE_FALSE(quiesced);
  CHECK(quiesced.error().code == Errc::failed_precondition);
  CHECK(quiesced.error().message.find("the guest stopped") != std::string::npos);
}

TEST_CASE("a vCPU is paused and resumed at any moment, and runs on") {
  if (!kvm_can(Tracking::none)) return;
  RunningGuest g(Tracking::none);
  for (std::uint64_t i = 0; i < 200; ++i) {
    REQUIRE(g.guest->vcpu().pause(kPatience));
    g.guest->vcpu().resume();
    if (i % 10 == 0) CHECK(g.answers_to({count_packet(i, 5)}).back().value == i / 10 + 1);
  }
}

}  // namespace stillwater::tests
