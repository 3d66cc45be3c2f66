#include "quiesce/plugin/ports.h"

#include <algorithm>

#include <rte_ethdev.h>

#include "quiesce/plugin/barrier_all_threads.h"
#include "quiesce/plugin/pools.h"

namespace stillwater::quiesce::plugin {
namespace {

BurstSide& side_of(std::uint16_t port, Direction direction) {
  return direction == Direction::receive ? port_sides[port].receive : port_sides[port].transmit;
}

// DPDK writes it when a port starts and stops; drivers do, now and then.
std::atomic_ref<Burst> function_of(std::uint16_t port, Direction direction) {
  auto& fast_path = rte_eth_fp_ops[port];
  return std::atomic_ref<Burst>(direction == Direction::receive ? fast_path.rx_pkt_burst
                                                                : fast_path.tx_pkt_burst);
}

Burst wrapper_of(std::uint16_t port, Direction direction, Counting counting) {
  const Wrappers& pair =
      counting == Counting::alone ? wrappers<Counting::alone>[port] : wrappers<Counting::shared>[port];
  return direction == Direction::receive ? pair.receive : pair.transmit;
}

// Where the driver allows it, the program may call on one transmit queue from several threads at once.
// Whether it asked for that is not to be had from DPDK's stable interface.
bool may_share_queues(std::uint16_t port, Direction direction) {
  rte_eth_dev_info info{};
  return direction == Direction::transmit && rte_eth_dev_info_get(port, &info) == 0 &&
         (info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MT_LOCKFREE) != 0;
}

}  // namespace

Ports::Ports(const Clock& clock)
    : clock_(clock),
      barriers_(enable_barriers()),
      stopped_receive_(rte_eth_fp_ops[kPorts - 1].rx_pkt_burst),
      stopped_transmit_(rte_eth_fp_ops[kPorts - 1].tx_pkt_burst) {}

void Ports::wrap_new() {
  for (std::uint16_t port = 0; port < kPorts; ++port) {
    for (const Direction direction : {Direction::receive, Direction::transmit}) {
      const bool receives = direction == Direction::receive;
      SideHistory& history = receives ? history_[port].receive : history_[port].transmit;
      const Burst function = function_of(port, direction).load();
      if (function == nullptr || function == (receives ? stopped_receive_ : stopped_transmit_)) {
        history.up = false;
      } else if (function != wrapper_of(port, direction, history.counting)) {
        wrap(port, direction);
      } else if (const auto seen = side_of(port, direction).unknown.entered.load();
                 seen != history.unknown_seen) {
        history.unknown_seen = seen;
        read_queues(port, direction);
      }
    }
  }
}

void Ports::wrap(std::uint16_t port, Direction direction) {
  const bool receives = direction == Direction::receive;
  SideHistory& history = receives ? history_[port].receive : history_[port].transmit;
  BurstSide& side = side_of(port, direction);
  Burst function = function_of(port, direction).load();
  read_queues(port, direction);
  const bool shared = !barriers_ || may_share_queues(port, direction);
  history.counting = shared ? Counting::shared : Counting::alone;
  history.wrapped_at = clock_.now();
  for_each_queue(port, direction, [](std::uint16_t, const QueueAccount& account, QueueHistory& queue) {
    // Whoever polled it before it was stopped need not come back.
    const auto entered = account.entered.load();
    queue = {.entered_when_wrapped = entered, .entered_when_noted = entered};
  });
  side.driver.store(function);
  side.stop.store(receives && is_selected(port));
  barrier_all_threads();  // whoever comes through the wrapper finds the stores above
  // The port may have been stopped since: then DPDK's own function stays.
  history.up = function_of(port, direction)
                   .compare_exchange_strong(function, wrapper_of(port, direction, history.counting));
  // The program may have called the bare function meanwhile.
  if (receives && !counted_all(port)) distrust_balance();
}

void Ports::read_queues(std::uint16_t port, Direction direction) {
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(port, &info) != 0) return;
  const bool receives = direction == Direction::receive;
  const auto& fast_path = rte_eth_fp_ops[port];
  void** const data = __atomic_load_n(receives ? &fast_path.rxq.data : &fast_path.txq.data, __ATOMIC_ACQUIRE);
  const std::uint16_t count =
      std::min(receives ? info.nb_rx_queues : info.nb_tx_queues, BurstSide::kQueuesMax);
  BurstSide& side = side_of(port, direction);
  for (std::uint16_t q = 0; q < count; ++q) {
    // Two queues under one pointer cannot be told apart: both are counted as unknown.
    const bool twice = std::count(data, data + count, data[q]) > 1;
    side.data[q].store(twice ? nullptr : data[q], std::memory_order_relaxed);
  }
  side.queues.store(count);
  auto& queues = (receives ? history_[port].receive : history_[port].transmit).queues;
  if (queues.size() < count) queues.resize(count);
}

bool Ports::is_selected(std::uint16_t port) const {
  return stopping_ && (only_.empty() || std::ranges::find(only_, port) != only_.end());
}

template <class Use>
void Ports::for_each_queue(std::uint16_t port, Direction direction, Use use) const {
  const BurstSide& side = side_of(port, direction);
  SideHistory& history = direction == Direction::receive ? history_[port].receive : history_[port].transmit;
  for (std::size_t q = 0; q < history.queues.size(); ++q) {
    use(static_cast<std::uint16_t>(q), side.accounts[q], history.queues[q]);
  }
  if (!history.queues.empty()) use(UINT16_MAX, side.unknown, history.unknown);
}

void Ports::note_polling() {
  const Instant now = clock_.now();
  for (std::uint16_t port = 0; port < kPorts; ++port) {
    for_each_queue(port, Direction::receive,
                   [&](std::uint16_t, const QueueAccount& account, QueueHistory& queue) {
                     const auto entered = account.entered.load(std::memory_order_relaxed);
                     if (entered != queue.entered_when_noted) queue.active_at = now;
                     queue.entered_when_noted = entered;
                   });
  }  // Output before input, as in look().
  const std::uint64_t transmitted = packets(Direction::transmit);
  if (transmitted > packets(Direction::receive)) distrust_balance();
}

std::uint64_t Ports::packets(std::uint16_t port, Direction direction) const {
  std::uint64_t sum = 0;
  for_each_queue(port, direction,
                 [&](auto, const QueueAccount& account, auto&) { sum += account.packets.load(); });
  return sum;
}

std::uint64_t Ports::packets(Direction direction) const {
  std::uint64_t sum = 0;
  for (std::uint16_t port = 0; port < kPorts; ++port) sum += packets(port, direction);
  return sum;
}

// Drivers begin anew at some of their starts, or never do. One that counts what still waits in its ring makes
// this say no too often, never yes wrongly.
bool Ports::counted_all(std::uint16_t port) const {
  rte_eth_stats statistics{};
  if (rte_eth_stats_get(port, &statistics) != 0) return false;
  return statistics.ipackets == 0 || statistics.ipackets == packets(port, Direction::receive);
}

void Ports::stop(const std::vector<std::uint16_t>& only) {
  note_polling();
  stopping_ = true;
  only_ = only;
  const Instant now = clock_.now();
  for (std::uint16_t port = 0; port < kPorts; ++port) {
    for_each_queue(port, Direction::receive, [&](std::uint16_t, const QueueAccount&, QueueHistory& queue) {
      queue.polled_at_stop = now - queue.active_at < kPolledWithin;
    });
    side_of(port, Direction::receive).stop.store(is_selected(port));
  }
  barrier_all_threads();
}

void Ports::resume() {
  stopping_ = false;
  for (PortSides& sides : port_sides) sides.receive.stop.store(false);
}

void Ports::look_at(std::uint16_t port, Direction direction, Look& look,
                    std::vector<const void*>& pools) const {
  const bool receives = direction == Direction::receive;
  const SideHistory& history = receives ? history_[port].receive : history_[port].transmit;
  const bool stopped = side_of(port, direction).stop.load();
  for_each_queue(port, direction,
                 [&](std::uint16_t q, const QueueAccount& account, const QueueHistory& queue) {
                   const auto left = account.left.load();
                   const auto entered = account.entered.load();
                   const auto packets = account.packets.load();
                   (receives ? look.received : look.transmitted) += packets;
                   const void* pool = account.pool.load(std::memory_order_relaxed);
                   if (pool != nullptr && std::ranges::find(pools, pool) == pools.end())
                     pools.push_back(pool);
                   const bool unknown = q == UINT16_MAX;
                   if (unknown && entered == 0) return;
                   look.queues.push_back(
                       {.direction = direction,
                        .port = port,
                        .queue = q,
                        .stopped = stopped,
                        .shared = unknown || history.counting == Counting::shared,
                        .polled = history.up && queue.polled_at_stop,
                        .wrapper_seen = !history.up || unknown || entered != queue.entered_when_wrapped,
                        .wrapped_at = history.wrapped_at,
                        .entered = entered,
                        .left = left,
                        .packets = packets});
                 });
}

Look Ports::look() const {
  Look look{};
  std::vector<const void*> pools;
  // Output before input: a packet that passes meanwhile is never counted as sent but not received.
  for (const Direction direction : {Direction::transmit, Direction::receive}) {
    for (std::uint16_t port = 0; port < kPorts; ++port) look_at(port, direction, look, pools);
  }
  look.pools_known = !pools.empty();
  look.in_pools_use = packets_in_use(pools);
  look.balance_trusted = balance_trusted_;
  look.at = clock_.now();
  return look;
}

std::vector<PortLook> Ports::look_at_ports() const {
  std::vector<PortLook> ports;
  for (std::uint16_t port = 0; port < kPorts; ++port) {
    const PortSides& sides = port_sides[port];
    const PortHistory& history = history_[port];
    if (history.receive.queues.empty() && history.transmit.queues.empty()) continue;
    PortLook look{.port = port,
                  .up = history.receive.up || history.transmit.up,
                  .stopped = sides.receive.stop.load(),
                  .receive_queues = sides.receive.queues.load(),
                  .transmit_queues = sides.transmit.queues.load()};
    look.received = packets(port, Direction::receive);
    look.transmitted = packets(port, Direction::transmit);
    for_each_queue(port, Direction::receive,
                   [&](auto, const QueueAccount& account, auto&) { look.polls += account.entered.load(); });
    ports.push_back(look);
  }
  return ports;
}

}  // namespace stillwater::quiesce::plugin
