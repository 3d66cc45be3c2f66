// The running configuration of the pair: who asks for changes of it, what he was answered, and what builds
// them on a node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "standby/pair/config_exchange.h"

namespace stillwater::sim {

class World;
class Machine;

// Numbers his changes, and asks whoever leads for the next one.
class Configurer {
 public:
  explicit Configurer(World& world) : world_(world) {}

  void start();
  // The change was made: each successor has it from now on.
  void told(std::uint32_t number);
  // Nobody that holds what was told runs any more; named, and allowed.
  void everything_is_lost() { told_ = 0; }
  // What a node that has this configuration would deny.
  [[nodiscard]] std::optional<std::string> missing_in(std::uint32_t configuration) const;

 private:
  void ask();

  World& world_;
  std::uint32_t asked_ = 0;
  std::uint32_t told_ = 0;
};

// Of one process. A document is the number of a change; what is built is the newest. It takes its time, and
// fails now and then.
class Builder final : public standby::ConfigHost {
 public:
  Builder(World& world, Machine& machine) : world_(world), machine_(machine) {}

  [[nodiscard]] static standby::ConfigBytes document_of(std::uint32_t number);
  [[nodiscard]] std::uint32_t configuration() const { return built_; }

  void collect() override;
  [[nodiscard]] std::optional<standby::ConfigBytes> take_collected() override;
  void build(standby::ConfigBytes document, bool whole) override;
  [[nodiscard]] std::optional<Status> take_built() override;

 private:
  void take_time();

  World& world_;
  Machine& machine_;
  std::uint32_t built_ = 0;
  std::optional<std::uint32_t> under_way_;
  bool collects_ = false;
  bool fails_ = false;
  std::int64_t done_at_ = 0;  // true time, ns
};

}  // namespace stillwater::sim
