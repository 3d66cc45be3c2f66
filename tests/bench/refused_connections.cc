#include "tests/bench/refused_connections.h"

#include <algorithm>
#include <utility>

#include <netinet/in.h>

#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

constexpr std::uint32_t kMask = RefusedConnections::kClientPorts - 1;
static_assert((RefusedConnections::kClientPorts & kMask) == 0, "numbers are masked");
static_assert(RefusedConnections::kClientPorts <= kPortsOfClient, "all are one client's");

bool has(const TcpFrame& frame, std::uint8_t flag) { return (frame.tcp.tcp_flags & flag) != 0; }

}  // namespace

RefusedConnections::RefusedConnections(std::uint32_t in_flight_max)
    : in_flight_max_(in_flight_max),
      syns_(kInside, RTE_TCP_SYN_FLAG, 0),
      resets_(kOutside, RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG, 0),
      clients_(kClientPorts),
      idle_(kClientPorts),
      answers_(kClientPorts) {
  give_up();
}

void RefusedConnections::give_up() {
  idle_first_ = answers_first_ = answers_count_ = 0;
  idle_count_ = kClientPorts;
  for (std::uint32_t port = 0; port < kClientPorts; ++port) {
    idle_[port] = port;
    clients_[port].stage = Stage::idle;
  }
  in_flight_.store(0, std::memory_order_relaxed);
}

std::uint32_t RefusedConnections::syns_due() const {
  if (!beginning_.load(std::memory_order_relaxed)) return 0;
  return std::min(idle_count_, in_flight_max_ - in_flight());
}

void RefusedConnections::write_syn(rte_mbuf& packet) {
  const std::uint32_t port = idle_[idle_first_];
  idle_first_ = (idle_first_ + 1) & kMask;
  --idle_count_;
  Client& client = clients_[port];
  client.stage = Stage::opening;
  client.epoch = current_epoch();
  syns_.write(packet, tuple_of(forward_key(port)), number_of(port, ++client.generation), 0);
  in_flight_.store(in_flight() + 1, std::memory_order_relaxed);
}

bool RefusedConnections::is_right(const Client& client, Stage stage, bool as_expected) {
  const bool committed = epochs_ == nullptr || epochs_->committed() >= client.epoch;
  if (!committed || !as_expected) count(wrong_);
  if (client.stage == stage) return true;
  count(wrong_);
  return false;
}

void RefusedConnections::left_outside(const rte_mbuf& packet) {
  const TcpFrame* frame = tcp_frame_in(packet);
  if (frame == nullptr || !has(*frame, RTE_TCP_SYN_FLAG)) return;
  const std::uint32_t number = ntohl(frame->tcp.sent_seq);
  const bool translated = frame->ip.src_addr == htonl(kOutsideAddress);
  Client& client = clients_[number & kMask];
  if (!is_right(client, Stage::opening, translated)) return;
  client.stage = Stage::refused;
  answers_[(answers_first_ + answers_count_++) & kMask] = {
      {frame->ip.dst_addr, frame->ip.src_addr, frame->tcp.dst_port, frame->tcp.src_port}, number + 1};
}

void RefusedConnections::write_reset(rte_mbuf& packet) {
  const Answer& answer = answers_[answers_first_];
  answers_first_ = (answers_first_ + 1) & kMask;
  --answers_count_;
  clients_[(answer.acknowledged - 1) & kMask].epoch = current_epoch();
  resets_.write(packet, answer.tuple, 0, answer.acknowledged);
}

void RefusedConnections::left_inside(const rte_mbuf& packet) {
  const TcpFrame* frame = tcp_frame_in(packet);
  if (frame == nullptr || !has(*frame, RTE_TCP_RST_FLAG)) return;
  const std::uint32_t port = (ntohl(frame->tcp.recv_ack) - 1) & kMask;
  const region::FlowKey expected = forward_key(port);
  const bool translated =
      frame->ip.dst_addr == expected.source_be && frame->tcp.dst_port == expected.source_port_be;
  Client& client = clients_[port];
  if (!is_right(client, Stage::refused, translated)) return;
  client.stage = Stage::idle;
  idle_[(idle_first_ + idle_count_++) & kMask] = port;
  in_flight_.store(in_flight() - 1, std::memory_order_relaxed);
  count(done_);
}

namespace {

class Clients final : public LoadSource {
 public:
  explicit Clients(std::shared_ptr<RefusedConnections> connections)
      : LoadSource(Watch::departures_too), connections_(std::move(connections)) {}

 private:
  std::uint16_t due(std::uint16_t, std::uint16_t max) override {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(connections_->syns_due(), max));
  }
  void write(rte_mbuf** packets, std::uint16_t n) override {
    for (std::uint16_t i = 0; i < n; ++i) connections_->write_syn(*packets[i]);
  }
  void leaving(rte_mbuf** packets, std::uint16_t n) override {
    for (std::uint16_t i = 0; i < n; ++i) connections_->left_inside(*packets[i]);
  }

  std::shared_ptr<RefusedConnections> connections_;
};

class Server final : public LoadSource {
 public:
  explicit Server(std::shared_ptr<RefusedConnections> connections)
      : LoadSource(Watch::departures_too), connections_(std::move(connections)) {}

 private:
  std::uint16_t due(std::uint16_t, std::uint16_t max) override {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(connections_->resets_due(), max));
  }
  void write(rte_mbuf** packets, std::uint16_t n) override {
    for (std::uint16_t i = 0; i < n; ++i) connections_->write_reset(*packets[i]);
  }
  void leaving(rte_mbuf** packets, std::uint16_t n) override {
    for (std::uint16_t i = 0; i < n; ++i) connections_->left_outside(*packets[i]);
  }

  std::shared_ptr<RefusedConnections> connections_;
};

}  // namespace

LoadSources refusal_sources(const std::shared_ptr<RefusedConnections>& connections) {
  LoadSources sources{std::make_unique<Clients>(connections), std::make_unique<Server>(connections)};
  for (unsigned side : {kInside, kOutside}) sources[side]->greet_with(greeting_of(side));
  return sources;
}

}  // namespace stillwater::bench
