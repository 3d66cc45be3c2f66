// The faults that a relay in a link makes: it is slow, or dead in one direction.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

// What such a fault's text says.
struct RelayRequest {
  std::string name;
  ActiveLink link{};
  std::array<std::optional<Impairment>, 2> by_way{};  // by LinkWay; none: this direction stays as it is
  std::optional<Nanos> heals_after{};                 // none: never
  Expectation expectation{};
};

// "delay=5ms,jitter=1ms,loss=1%,duplicate=1%,reorder=1%,rate=10mbit,for=2s", each at most once and at least
// one that is not `for`; both directions. invalid_argument says what is wrong.
[[nodiscard]] Result<RelayRequest> parse_slow(ActiveLink link, const std::string& argument);
// "to-active" or "from-active" (of the replication link also "to-standby"), perhaps followed by ",for=2s".
[[nodiscard]] Result<RelayRequest> parse_one_way(ActiveLink link, const std::string& argument);

class RelayFault final : public Fault {
 public:
  RelayFault(RelayRequest request, const FaultContext& context)
      : request_(std::move(request)), context_(context) {}

  [[nodiscard]] std::string name() const override { return request_.name; }
  [[nodiscard]] Expectation expectation() const override { return request_.expectation; }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override { return request_.heals_after; }
  [[nodiscard]] Result<Struck> heal() override;

 private:
  enum class Wire { as_asked, whole };
  [[nodiscard]] Status set(Wire wire);

  RelayRequest request_;
  FaultContext context_;
};

}  // namespace stillwater::rig
