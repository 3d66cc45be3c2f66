#include "tests/unit/quiesce/plugin/polling_program.h"

#include <array>

namespace stillwater::quiesce::plugin {

PollingProgram::PollingProgram(std::uint16_t in, std::uint16_t out)
    : in_(in), out_(out), thread_([this] { run(); }) {}

PollingProgram::~PollingProgram() {
  ending_.store(true);
  thread_.join();
}

bool PollingProgram::goes_round() {
  const auto before = turns();
  return dataplane::eventually([&] { return turns() >= before + 2; });
}

void PollingProgram::run() {
  std::vector<rte_mbuf*> kept;
  while (!ending_.load()) {
    turn(kept);
    std::this_thread::yield();
  }
  rte_pktmbuf_free_bulk(kept.data(), static_cast<unsigned>(kept.size()));
}

void PollingProgram::turn(std::vector<rte_mbuf*>& kept) {
  std::array<rte_mbuf*, 32> burst{};
  const auto got = rte_eth_rx_burst(in_, 0, burst.data(), burst.size());
  kept.insert(kept.end(), burst.begin(), burst.begin() + got);
  if (!keeps_.load()) {
    std::size_t sent = 0;
    while (sent < kept.size()) {
      sent += rte_eth_tx_burst(out_, 0, kept.data() + sent, static_cast<std::uint16_t>(kept.size() - sent));
    }
    kept.clear();
  }
  kept_count_.store(kept.size());
  turns_.fetch_add(1);
}

}  // namespace stillwater::quiesce::plugin
