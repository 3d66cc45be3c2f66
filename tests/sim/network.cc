#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

#include "tests/sim/world.h"

namespace stillwater::sim {

bool Network::is_cut(unsigned from) const { return world_.time.now() < cut_until_[from]; }

Nanos Network::latency() {
  Nanos delay = world_.random.between(world_.options.latency / 2, world_.options.latency * 2);
  if (world_.time.now() < slow_until_) delay += world_.random.between(Nanos(0), Nanos(120ms));
  return delay;
}

std::shared_ptr<Connection> Network::dial(unsigned from) {
  const unsigned to = 1 - from;
  if (is_cut(from) || is_cut(to) || world_.time.now() < refuse_until_) return nullptr;
  if (!world_.machines[to]->alive()) return nullptr;
  forget_closed();
  auto c = std::make_shared<Connection>();
  for (unsigned node = 0; node < 2; ++node) c->ends[node].incarnation = world_.machines[node]->incarnation();
  connections_.push_back(c);
  world_.machines[to]->process()->accept(c);
  return c;
}

bool Network::send(const std::shared_ptr<Connection>& c, unsigned from, Packet bytes, wire::Type type) {
  if (c->ends[from].ended || c->ends[from].closed) return false;
  Connection::Pipe& pipe = c->pipes[from];
  const auto plan = [&](Connection::Chunk chunk) {
    pipe.last = std::max(pipe.last, world_.time.now() + latency());
    pipe.in_flight += chunk.bytes.size();
    world_.time.at(pipe.last, [this, c, from, chunk = std::move(chunk)]() mutable {
      deliver(c, from, std::move(chunk));
    });
  };
  if (bytes.size() > 1 && world_.random.one_in(4)) {
    const auto head = static_cast<std::ptrdiff_t>(1 + world_.random.below(bytes.size() - 1));
    plan({Packet(bytes.begin(), bytes.begin() + head), std::nullopt});
    bytes.erase(bytes.begin(), bytes.begin() + head);
  }
  plan({std::move(bytes), type});
  return true;
}

void Network::deliver(const std::shared_ptr<Connection>& c, unsigned from, Connection::Chunk chunk) {
  Connection::Pipe& pipe = c->pipes[from];
  if (is_cut(from) || !pipe.stalled.empty()) return pipe.stalled.push_back(std::move(chunk));
  pipe.in_flight -= chunk.bytes.size();
  Connection::End& end = c->ends[1 - from];
  const bool whole = chunk.bytes.size() <= pipe.left;
  if (!whole) chunk.bytes.resize(pipe.left);
  if (c->broken) pipe.left -= chunk.bytes.size();
  if (end.ended || end.closed) return;
  end.inbox.insert(end.inbox.end(), chunk.bytes.begin(), chunk.bytes.end());
  if (whole && chunk.completes) end.last_arrived = chunk.completes;
  world_.machines[1 - from]->wake(end.incarnation);
}

void Network::end(const std::shared_ptr<Connection>& c, unsigned node, Nanos delay, bool over_the_wire) {
  world_.time.after(delay, [=, this] {
    if (over_the_wire && is_cut(1 - node)) return end(c, node, 20ms, true);
    c->ends[node].ended = true;
    world_.machines[node]->wake(c->ends[node].incarnation);
  });
}

void Network::close(const std::shared_ptr<Connection>& c, unsigned by) {
  c->ends[by].closed = true;
  const Nanos after_data = std::max(c->pipes[by].last - world_.time.now(), Nanos(0));
  end(c, 1 - by, after_data + latency(), true);
}

void Network::break_one(const std::shared_ptr<Connection>& c) {
  if (c->broken) return;
  c->broken = true;
  for (unsigned node = 0; node < 2; ++node) {
    Connection::Pipe& pipe = c->pipes[node];
    pipe.left = world_.random.below(pipe.in_flight + 1);
    end(c, node, world_.random.between(Nanos(10us), Nanos(40ms)), false);
  }
}

void Network::break_connections() {
  forget_closed();
  for (const auto& c : connections_) break_one(c);
}

// A connection outlives a short cut; a long one ends it, on both sides.
void Network::cut(unsigned from, Nanos until) {
  cut_until_[from] = std::max(cut_until_[from], until);
  world_.time.at(until, [this, from] { flush(from); });
  const Nanos patience = world_.random.between(Nanos(100ms), Nanos(500ms));
  world_.time.after(patience, [this, from] {
    if (is_cut(from)) break_connections();
  });
}

void Network::flush(unsigned from) {
  if (is_cut(from)) return;
  for (const auto& c : connections_)
    for (auto stalled = std::exchange(c->pipes[from].stalled, {}); Connection::Chunk & chunk : stalled)
      deliver(c, from, std::move(chunk));
}

void Network::process_died(unsigned node, bool kernel_lives) {
  for (const auto& c : connections_) {
    if (c->ends[node].closed) continue;
    c->ends[node].closed = true;
    c->broken = true;
    c->pipes[node].left = world_.random.below(c->pipes[node].in_flight + 1);
    const Nanos silence = kernel_lives ? latency() : world_.random.between(Nanos(300ms), Nanos(1500ms));
    end(c, 1 - node, silence, kernel_lives);
  }
}

void Network::send_beat(unsigned from, const wire::Heartbeat& beat) {
  const Nanos now = world_.time.now();
  if (is_cut(from) || now < lossy_until_[from] || world_.random.one_in(200)) return;
  const bool disturbed = now < late_until_;
  const unsigned copies = disturbed && world_.random.one_in(3) ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    Nanos delay = world_.random.between(world_.options.latency / 2, world_.options.latency * 2);
    if (disturbed && world_.random.one_in(2)) delay += world_.random.between(Nanos(0), Nanos(200ms));
    world_.time.after(delay, [this, from, beat] { deliver_beat(from, beat); });
  }
}

void Network::deliver_beat(unsigned from, const wire::Heartbeat& beat) {
  Machine& to = *world_.machines[1 - from];
  to.datagram(beat);
  if (!to.refuses_datagrams() || is_cut(1 - from)) return;
  const Nanos late = world_.time.now() < late_until_ ? Nanos(200ms) : Nanos(0);
  const Nanos delay = world_.random.between(world_.options.latency / 2, world_.options.latency * 2 + late);
  world_.time.after(delay, [this, from, beat] { world_.machines[from]->refused(beat); });
}

void Network::heal() {
  cut_until_ = lossy_until_ = {};
  refuse_until_ = late_until_ = slow_until_ = Nanos(0);
  flush(0);
  flush(1);
}

void Network::forget_closed() {
  std::erase_if(connections_, [](const auto& c) {
    return (c->ends[0].closed || c->ends[0].ended) && (c->ends[1].closed || c->ends[1].ended);
  });
}

}  // namespace stillwater::sim
