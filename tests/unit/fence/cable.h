// Two namespaces and a veth pair: frames are sent at one end, which may be fenced, and captured at the other.
#pragma once

#include <functional>
#include <string>

#include <catch2/catch.hpp>

#include "appliance/fence/ebpf_fence.h"
#include "base/transmit_permit.h"
#include "tests/e2e/numbered_frames.h"
#include "tests/rig/process/command.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::appliance {

struct Cable {
  Cable() : network(build()), frames(near(), "eth0", network.space("far"), "eth0") {}

  [[nodiscard]] const rig::Space& near() const { return network.space("near"); }
  // Where the fenced end is.
  Status inside(const std::function<Status()>& work) const { return rig::inside_space(near().fd(), work); }
  Status attach(EbpfFence& fence) const {
    return inside([&] { return fence.attach("eth0"); });
  }
  void detach(std::unique_ptr<EbpfFence>& fence) const {
    REQUIRE(inside([&]() -> Status {
      fence.reset();
      return {};
    }));
  }
  [[nodiscard]] std::string tc(std::vector<std::string> words) const {
    words.insert(words.begin(), {"tc", "-n", near().name()});
    const auto said = rig::run_command(words);
    REQUIRE(said.has_value());
    REQUIRE(said->exit_status == 0);
    return said->out;
  }
  // Programs of ours at its egress.
  [[nodiscard]] std::size_t fences() const {
    const std::string shown = tc({"filter", "show", "dev", "eth0", "egress"});
    std::size_t count = 0;
    for (std::size_t at = 0; (at = shown.find("handle 0x5357", at)) != std::string::npos; ++at) ++count;
    return count;
  }

  rig::Topology network;
  e2e::NumberedFrames frames;

 private:
  static rig::Topology build() {
    auto built = rig::Topology::build({.spaces = {"near", "far"},
                                       .links = {{{.space = "near", .name = "eth0", .arp = false},
                                                  {.space = "far", .name = "eth0", .arp = false}}}},
                                      rig::own_prefix());
    if (!built) FAIL(built.error().message);
    return std::move(*built);
  }
};

inline std::unique_ptr<EbpfFence> loaded_fence() {
  auto fence = EbpfFence::load();
  if (!fence) FAIL(fence.error().message);
  return std::move(*fence);
}

}  // namespace stillwater::appliance
