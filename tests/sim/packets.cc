#include "tests/sim/packets.h"

#include <algorithm>
#include <cstring>

#include "tests/sim/world.h"

namespace stillwater::sim {
namespace {

constexpr std::uint32_t kSessionsMax = 48;
constexpr std::size_t kRingMax = 32;
constexpr std::size_t kListMax = 256;

rte_mbuf* handle_of(std::size_t answer) { return reinterpret_cast<rte_mbuf*>(answer + 1); }
std::size_t answer_of(const rte_mbuf* handle) { return reinterpret_cast<std::size_t>(handle) - 1; }

}  // namespace

region::Layout small_layout() {
  region::Layout layout;
  region::SessionTable::add_roots(layout, 0, kSessionsMax);
  region::PortBitmap::add_root(layout, "nat.0");
  region::NeighbourTable::add_root(layout, 0, 32);
  region::Counters::add_root(layout, 0, 16);
  return layout;
}

region::FlowKey key_of(unsigned client) {
  return {.source_be = client + 1,
          .destination_be = 7,
          .source_port_be = static_cast<std::uint16_t>(client),
          .destination_port_be = 80,
          .protocol = 6,
          .zero = {}};
}

Packets::Packets(World& world, Process& process, region::Region& region)
    : world_(world),
      process_(process),
      region_(region),
      marks_(region::kDataOffset, region.soft_begin(), region.size()),
      turn_(region, marks_),
      sessions_(region, 0),
      ports_(region, "nat.0"),
      neighbours_(region, 0),
      counters_(region, 0) {
  for (std::size_t i = 0; i < kHeldMax; ++i) free_.push_back(i);
  marks_.hard = std::make_unique<region::LineSet>(region::kDataOffset, region.soft_begin(), kListMax);
}

void Packets::arrive(const ClientRequest& request) {
  if ((discard_ && !keeping_) || ring_.size() == kRingMax) return;
  ring_.push_back(request);
  if (!quiesced_) turn();
}

void Packets::poll() {
  if (turn_planned_ || quiesced_ || (held_.empty() && ring_.empty())) return;
  turn_planned_ = true;
  const std::uint64_t incarnation = process_.incarnation();
  const unsigned node = process_.index();
  world_.time.after(world_.random.between(Nanos(5us), Nanos(200us)), [&world = world_, node, incarnation] {
    Machine& machine = *world.machines[node];
    if (!machine.alive() || machine.incarnation() != incarnation) return;
    Packets& packets = machine.process()->packets();
    packets.turn_planned_ = false;
    if (!packets.quiesced_ && !machine.frozen()) packets.turn();
    packets.poll();
  });
}

// Release, poll, process: the order of the dataplane's turn.
void Packets::turn() {
  if (process_.machine().frozen()) return poll();
  note_epoch();
  const Instant now = process_.machine().now();
  turn_.begin(epochs_.current(), region_time_offset_ + now);
  region_.set_region_now(region_time_offset_ + now);
  release();
  for (; !ring_.empty(); ring_.pop_front()) serve(ring_.front());
  poll();
}

void Packets::release() {
  held_.release(epochs_.committed(), [&](const dataplane::HeldPacket& packet) {
    free_.push_back(answer_of(packet.mbuf));
    transmit(answers_[free_.back()]);
    return true;
  });
}

// A request that was served before is answered again: the session says so.
void Packets::serve(const ClientRequest& request) {
  turn_.begin_packet();
  const region::FlowKey key = key_of(request.client);
  auto match = sessions_.find(key);
  if (!match) {
    region::FlowKey reply = key;
    reply.destination_port_be = 443;
    const std::uint32_t slot = sessions_.insert(turn_, key, reply);
    if (slot == region::SessionTable::kNone) return;
    match = {slot, region::Direction::forward};
  }
  if (request.number > sessions_.at(match.slot).rule_id) {
    sessions_.edit(turn_, match.slot)->rule_id = request.number;
    work_beside();
  }
  turn_.depend_on(sessions_.at(match.slot).changed_epoch);
  counters_.add(turn_, request.client % 16, 1);
  const Answer answer{request.client, sessions_.at(match.slot).rule_id, turn_.depends_epoch()};
  if (answer.epoch <= epochs_.committed()) return transmit(answer);
  if (free_.empty()) return;
  const std::size_t index = free_.back();
  if (!held_.push({handle_of(index), answer.epoch, {}, 0})) return;
  free_.pop_back();
  answers_[index] = answer;
  epochs_.ask_for_checkpoint();
  process_.wake();
}

// Sessions come and go beside those of the clients, ports are taken and given, neighbours learned.
void Packets::work_beside() {
  Random& random = world_.random;
  if (!others_.empty() && random.one_in(2)) {
    const std::size_t i = random.below(others_.size());
    sessions_.erase(turn_, others_[i]);
    others_[i] = others_.back();
    others_.pop_back();
  } else if (sessions_.in_use() + 8 < kSessionsMax) {
    const auto any = static_cast<std::uint32_t>(random.next());
    const region::FlowKey key{any, 9, static_cast<std::uint16_t>(any), 9, 17, {}};
    const region::FlowKey reply{9, any, 9, static_cast<std::uint16_t>(any), 17, {}};
    const std::uint32_t slot = sessions_.find(key) || sessions_.find(reply)
                                   ? region::SessionTable::kNone
                                   : sessions_.insert(turn_, key, reply);
    if (slot != region::SessionTable::kNone) others_.push_back(slot);
  }
  if (const auto port = ports_.take(turn_, 1024, 4095, static_cast<std::uint16_t>(random.next())))
    if (random.one_in(2)) ports_.give(turn_, *port);
  neighbours_.learn(turn_, 0, IpAddress::v4(static_cast<std::uint32_t>(1 + random.below(8))),
                    {2, 0, 0, 0, 0, 1});
}

void Packets::transmit(const Answer& answer) {
  if (!permit_.holds(process_.machine().now())) return;
  world_.checks.transmitted(process_.index(), answer.client, answer.number, answer.epoch);
}

void Packets::note_epoch() {
  const std::uint64_t current = epochs_.current();
  if (current == epoch_seen_) return;
  epoch_seen_ = current;
  world_.checks.epoch_closed(process_.index(), current - 1);
}

Status Packets::quiesce(Nanos timeout) {
  if (quiesced_) return fail(Errc::failed_precondition, "quiesced already");
  process_.at(Step::quiescing);
  last_told_ = process_.machine().now();
  Machine& machine = process_.machine();
  if (machine.take_quiesce_failure()) {
    process_.pause(timeout);
    return fail(Errc::timed_out, "the worker does not drain");
  }
  process_.pause(world_.random.between(Nanos(2us), Nanos(60us)));
  quiesced_ = true;
  return {};
}

void Packets::resume() {
  note_epoch();
  process_.pause(world_.random.between(Nanos(1us), Nanos(20us)));
  quiesced_ = false;
  last_resumed_ = process_.machine().now();
  poll();
}

Status Packets::drain_ports(Nanos) {
  process_.pause(world_.random.between(Nanos(10us), Nanos(1ms)));
  ring_.clear();
  return {};
}

void Packets::drop_held() {
  if (process_.pair().machine().phase() == standby::Phase::standby)
    world_.checks.handed_down(process_.index());
  held_.drain([this](const dataplane::HeldPacket& packet) { free_.push_back(answer_of(packet.mbuf)); });
}

// The first thing that a node does as a leader with its region.
void Packets::continue_region_time(Nanos region_now) {
  region_time_offset_ = region_now - process_.machine().now();
  others_.clear();
  for (std::uint32_t slot = 0; slot < sessions_.slots_touched(); ++slot)
    if (sessions_.at(slot).state != region::SessionState::free && sessions_.at(slot).forward.protocol == 17)
      others_.push_back(slot);
  world_.checks.leads(process_.index());
  process_.at(process_.step());
}

Status Packets::release_held(Nanos) {
  process_.pause(world_.random.between(Nanos(1us), Nanos(50us)));
  release();
  return {};
}

void Packets::keep_waiting(bool on) {
  keeping_ = on;
  if (!on) ring_.clear();
}

bool Packets::take_waiting(const std::function<void(const standby::WaitingFrame&)>& sink) {
  for (; !ring_.empty(); ring_.pop_front()) sink({0, std::as_bytes(std::span(&ring_.front(), 1))});
  return true;
}

void Packets::bring_waiting(const standby::WaitingFrame& frame) {
  ClientRequest request;
  if (frame.bytes.size() != sizeof(request)) return;
  std::memcpy(&request, frame.bytes.data(), sizeof(request));
  arrive(request);
}

// The engine leads from here on.
void Packets::on_activate() { process_.pause(world_.random.between(Nanos(1us), Nanos(50us))); }
void Packets::announce() { process_.pause(world_.random.between(Nanos(1us), Nanos(50us))); }

}  // namespace stillwater::sim
