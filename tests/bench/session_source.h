// Data of established TCP sessions, in random order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/bench/load_source.h"
#include "tests/bench/random.h"
#include "tests/bench/tcp_frame.h"

namespace stillwater::bench {

// One side of sessions 0 .. sessions-1, as flow_keys.h numbers and translates them: six bytes of each session
// in a round, each round in the same random order. Sequence numbers go on, and what the other side sent for
// certain is acknowledged.
class SessionSource final : public LoadSource {
 public:
  // By side, the rounds that it has done: both sources of one worker have the same.
  using Rounds = std::array<std::uint32_t, 2>;

  SessionSource(unsigned side, std::uint32_t sessions, std::shared_ptr<Rounds> rounds, Random& random);

  // What the first byte of either side has.
  static constexpr std::uint32_t kFirstNumber = 1;

  void write(rte_mbuf** packets, std::uint16_t n) override;

 private:
  unsigned side_;
  TcpSegments segments_;
  std::vector<TcpTuple> tuples_;
  std::shared_ptr<Rounds> rounds_;
  std::size_t next_ = 0;
};

// Both, with what makes their neighbours known.
[[nodiscard]] LoadSources session_sources(std::uint32_t sessions, Random& random);

}  // namespace stillwater::bench
