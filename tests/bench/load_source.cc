#include "tests/bench/load_source.h"

#include <algorithm>

#include <rte_mbuf.h>

namespace stillwater::bench {

void LoadSource::attach(std::uint16_t port) {
  port_ = port;
  arrivals_ = rte_eth_add_rx_callback(port, 0, &LoadSource::received, this);
  if (watch_ == Watch::departures_too)
    departures_ = rte_eth_add_tx_callback(port, 0, &LoadSource::sending, this);
}

void LoadSource::detach() {
  rte_eth_remove_rx_callback(port_, 0, arrivals_);
  if (departures_ != nullptr) rte_eth_remove_tx_callback(port_, 0, departures_);
}

std::uint16_t LoadSource::due(std::uint16_t n, std::uint16_t) { return n; }

void LoadSource::leaving(rte_mbuf**, std::uint16_t) {}

std::uint16_t LoadSource::received(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t n,
                                   std::uint16_t max, void* self) {
  return static_cast<LoadSource*>(self)->fill(packets, n, max);
}

std::uint16_t LoadSource::sending(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t n,
                                  void* self) {
  static_cast<LoadSource*>(self)->leaving(packets, n);
  return n;
}

std::uint16_t LoadSource::fill(rte_mbuf** packets, std::uint16_t n, std::uint16_t max) {
  std::uint16_t greeted = 0;
  for (; greeted < n && greeted_ < greetings_.size(); ++greeted) {
    const auto& frame = greetings_[greeted_++];
    rte_mbuf& packet = *packets[greeted];
    std::copy(frame.begin(), frame.end(), rte_pktmbuf_mtod(&packet, std::uint8_t*));
    packet.data_len = static_cast<std::uint16_t>(frame.size());
    packet.pkt_len = packet.data_len;
  }
  packets += greeted;
  n = static_cast<std::uint16_t>(n - greeted);
  const std::uint16_t wanted = due(n, static_cast<std::uint16_t>(max - greeted));
  for (; n < wanted && spares_ != nullptr && !spares_->empty(); ++n) {
    packets[n] = spares_->back();
    spares_->pop_back();
  }
  const std::uint16_t written = std::min(n, wanted);
  write(packets, written);
  if (written < n) spare(packets + written, static_cast<std::uint16_t>(n - written));
  return static_cast<std::uint16_t>(greeted + written);
}

void LoadSource::spare(rte_mbuf** packets, std::uint16_t n) {
  if (spares_ != nullptr)
    spares_->insert(spares_->end(), packets, packets + n);
  else
    rte_pktmbuf_free_bulk(packets, n);
}

}  // namespace stillwater::bench
