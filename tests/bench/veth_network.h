// A client, a gateway and a server in namespaces of their own, and a flood from one to the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/bench/packet_flood.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::bench {

// All of it is gone with this. One thread, which is no other namespace's.
class VethNetwork {
 public:
  enum class Gateway { kernel, ours };  // interfaces with addresses, or bare ones for DPDK's ports

  // `letter`: tells networks of one process apart. Needs root. Errors name the step.
  [[nodiscard]] static Result<std::unique_ptr<VethNetwork>> build(Gateway gateway, const std::string& letter);

  // Has the kernel translate what leaves the gateway.
  [[nodiscard]] Status translate();
  // What the gateway receives is worked on by that core; none: by the sender's.
  [[nodiscard]] Status steer_to(std::optional<unsigned> core);

  struct Flow {
    double offered_mpps = 0;
    double delivered_mpps = 0;
  };
  // The calling thread sends until then; counted is what comes after `settle`.
  [[nodiscard]] Result<Flow> flood(Nanos settle, Nanos window);

  [[nodiscard]] const rig::Space& gateway() const { return topology_.space("gateway"); }

 private:
  explicit VethNetwork(rig::Topology topology) : topology_(std::move(topology)) {}
  [[nodiscard]] Status nft(const std::string& space, const std::string& commands);
  [[nodiscard]] Result<std::uint64_t> delivered() const;

  rig::Topology topology_;
  std::optional<PacketFlood> flood_;  // gone before its namespace
};

}  // namespace stillwater::bench
