#include "tests/bench/session_source.h"

#include <utility>

#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"

namespace stillwater::bench {

SessionSource::SessionSource(unsigned side, std::uint32_t sessions, std::shared_ptr<Rounds> rounds,
                             Random& random)
    : side_(side),
      segments_(side, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG, TcpFrame::kDataBytesMax),
      rounds_(std::move(rounds)) {
  tuples_.reserve(sessions);
  for (std::uint32_t i = 0; i < sessions; ++i)
    tuples_.push_back(tuple_of(side == kInside ? forward_key(i) : translated_reply_key(i)));
  for (std::uint32_t left = sessions; left > 1; --left)
    std::swap(tuples_[left - 1], tuples_[random() % left]);
}

void SessionSource::write(rte_mbuf** packets, std::uint16_t n) {
  std::uint32_t& round = (*rounds_)[side_];
  const std::uint32_t acknowledged = kFirstNumber + (*rounds_)[1 - side_] * TcpFrame::kDataBytesMax;
  for (std::uint16_t i = 0; i < n; ++i) {
    segments_.write(*packets[i], tuples_[next_], kFirstNumber + round * TcpFrame::kDataBytesMax,
                    acknowledged);
    if (++next_ < tuples_.size()) continue;
    next_ = 0;
    ++round;
  }
}

LoadSources session_sources(std::uint32_t sessions, Random& random) {
  const auto rounds = std::make_shared<SessionSource::Rounds>();
  LoadSources sources;
  for (unsigned side : {kInside, kOutside}) {
    sources[side] = std::make_unique<SessionSource>(side, sessions, rounds, random);
    sources[side]->greet_with(greeting_of(side));
  }
  return sources;
}

}  // namespace stillwater::bench
