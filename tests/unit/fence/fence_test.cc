// What leaves an interface, and when: the kernel's word on the permit.
#include "tests/e2e/eventually.h"
#include "tests/unit/fence/cable.h"
#include "tests/unit/fence/holder.h"

namespace stillwater::appliance {
namespace {

// What arrived is exactly these numbers, in order.
void require_captured(e2e::NumberedFrames& frames, const std::vector<std::uint32_t>& numbers) {
  REQUIRE(frames.arrive(numbers.size(), 10s));
  std::vector<std::uint32_t> found;
  for (const e2e::CapturedFrame& frame : frames.captured()) found.push_back(frame.number);
  CHECK(found == numbers);
}

}  // namespace

TEST_CASE("frames leave before the permit's instant; those after it are stolen and counted, and stay lost") {
  Cable cable;
  const auto fence = loaded_fence();
  TransmitPermit permit(fence->until_ns());
  REQUIRE(cable.attach(*fence));
  const BootClock clock;

  permit.set_until(clock.now() + 60s);
  cable.frames.send(2);
  CHECK(fence->stolen_frames() == 0);
  permit.set_until(clock.now());
  cable.frames.send(3);
  CHECK(fence->stolen_frames() == 3);
  permit.set_until(clock.now() + 60s);
  cable.frames.send(1);
  CHECK(fence->stolen_frames() == 3);
  require_captured(cable.frames, {0, 1, 5});
}

TEST_CASE("a fence closes by itself when its instant comes, with nobody there to close it") {
  Cable cable;
  const auto fence = loaded_fence();
  TransmitPermit permit(fence->until_ns());
  REQUIRE(cable.attach(*fence));
  const Instant until = BootClock().now() + 50ms;
  permit.set_until(until);
  REQUIRE(e2e::eventually(5s, [&] { return BootClock().now() >= until; }));
  cable.frames.send(1);
  CHECK(fence->stolen_frames() == 1);
}

TEST_CASE("a permit for ever opens the fence, none at all closes it, and it begins closed") {
  Cable cable;
  const auto fence = loaded_fence();
  REQUIRE(cable.attach(*fence));
  cable.frames.send(1);
  TransmitPermit permit(fence->until_ns());
  cable.frames.send(1);
  permit.set_until(TransmitPermit::kForever);
  cable.frames.send(1);
  permit.set_until(TransmitPermit::kNever);
  cable.frames.send(1);
  CHECK(fence->stolen_frames() == 3);
  permit.set_until(TransmitPermit::kForever);
  cable.frames.send(1);
  require_captured(cable.frames, {2, 4});
}

TEST_CASE("an orderly end takes the fence away") {
  Cable cable;
  {
    auto fence = loaded_fence();
    REQUIRE(cable.attach(*fence));
    CHECK(cable.fences() == 1);
    cable.detach(fence);
  }
  CHECK(cable.fences() == 0);
  cable.frames.send(1);
  require_captured(cable.frames, {0});
}

TEST_CASE("a killed process leaves its fence, which closes; a restart takes its place") {
  Cable cable;
  const Instant until = BootClock().now() + 2s;
  {
    Holder holder(cable.near(), until);
    cable.frames.send(1);
    require_captured(cable.frames, {0});
    holder.kill();
  }
  CHECK(cable.fences() == 1);
  REQUIRE(e2e::eventually(5s, [&] { return BootClock().now() >= until; }));
  cable.frames.send(2);

  const auto fence = loaded_fence();
  TransmitPermit permit(fence->until_ns());
  REQUIRE(cable.attach(*fence));
  CHECK(cable.fences() == 1);
  permit.set_until(TransmitPermit::kForever);
  cable.frames.send(1);
  CHECK(fence->stolen_frames() == 0);
  require_captured(cable.frames, {0, 3});
}

TEST_CASE("what a killed process left is removed where no fence is wanted any more") {
  Cable cable;
  { Holder(cable.near(), TransmitPermit::kNever).kill(); }
  cable.frames.send(1);
  const auto remove = [&](bool expected) {
    return cable.inside([expected]() -> Status {
      const auto removed = EbpfFence::remove_leftover("eth0");
      if (!removed) return tl::unexpected(removed.error());
      return *removed == expected ? Status() : fail(Errc::corrupt, "removed what was not there, or nothing");
    });
  };
  CHECK(remove(true));
  CHECK(remove(false));
  CHECK(cable.fences() == 0);
  cable.frames.send(1);
  require_captured(cable.frames, {1});
}

TEST_CASE("a fence that was replaced takes away nobody's but its own") {
  Cable cable;
  auto first = loaded_fence();
  const auto second = loaded_fence();
  REQUIRE(cable.attach(*first));
  REQUIRE(cable.attach(*second));
  cable.detach(first);
  CHECK(cable.fences() == 1);
  cable.frames.send(1);
  CHECK(second->stolen_frames() == 1);
}

}  // namespace stillwater::appliance
