// The clients, and what they were told: whatever was answered must be there, whoever answers next.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "ckpt_engine/region/region.h"

namespace stillwater::sim {

class World;

// Each counts its operations: it asks for the next until it has the answer, and every node hears it.
class Clients {
 public:
  static constexpr unsigned kCount = 4;

  explicit Clients(World& world) : world_(world) {}

  void start();
  // On the wire: the client may know it now.
  void told(unsigned client, std::uint32_t number);
  // Nobody holds what was told any more; named, and allowed.
  void everything_is_lost();
  // What a node that leads with this region would deny.
  [[nodiscard]] std::optional<std::string> missing_in(const region::Region& region) const;
  [[nodiscard]] std::uint64_t answers() const { return answers_; }

 private:
  struct Client {
    std::uint32_t asked = 0;
    std::uint32_t told = 0;
  };
  void ask(unsigned client);

  World& world_;
  std::array<Client, kCount> clients_{};
  std::uint64_t answers_ = 0;
};

}  // namespace stillwater::sim
