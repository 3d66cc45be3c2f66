// The network between the two nodes: connections that deliver in order until they break at any byte,
// datagrams that may be lost, late or doubled, and what an injector does to both.
#pragma once

#include <array>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "ckpt_engine/wire/format.h"

namespace stillwater::sim {

class World;

using Packet = std::vector<std::byte>;

// Both ends of one connection, as the two kernels have it; an index is the number of the node.
struct Connection {
  struct End {
    std::uint64_t incarnation = 0;  // of the process that holds it
    Packet inbox;                   // arrived, not read
    bool ended = false;             // nothing more will come
    bool closed = false;            // by its process
    std::optional<wire::Type> last_arrived;
  };
  struct Chunk {
    Packet bytes;
    std::optional<wire::Type> completes;  // a frame of this type
  };
  struct Pipe {  // what the node of this index sends
    Nanos last{};
    std::size_t in_flight = 0;
    std::size_t left = std::numeric_limits<std::size_t>::max();  // bytes that still get through
    std::deque<Chunk> stalled;                                   // by a cut network
    std::uint64_t stint = 0;                                     // of the last commit record
  };
  std::array<End, 2> ends;
  std::array<Pipe, 2> pipes;
  bool broken = false;
};

class Network {
 public:
  explicit Network(World& world) : world_(world) {}

  // False: the peer cannot be reached; true: it will be told of the connection, which is returned.
  [[nodiscard]] std::shared_ptr<Connection> dial(unsigned from);
  // False if the connection is of no use any more.
  [[nodiscard]] bool send(const std::shared_ptr<Connection>& c, unsigned from, Packet bytes, wire::Type type);
  void close(const std::shared_ptr<Connection>& c, unsigned by);
  void send_beat(unsigned from, const wire::Heartbeat& beat);
  void deliver_beat(unsigned from, const wire::Heartbeat& beat);

  // Faults. `until` in true time.
  void break_connections();
  void cut(unsigned from, Nanos until);
  void refuse_dials(Nanos until) { refuse_until_ = until; }
  void lose_beats(unsigned from, Nanos until) { lossy_until_[from] = until; }
  void delay_beats(Nanos until) { late_until_ = until; }
  void slow_down(Nanos until) { slow_until_ = until; }
  // The process of `node` is gone; its kernel says so, or has no power to.
  void process_died(unsigned node, bool kernel_lives);
  void heal();

 private:
  void deliver(const std::shared_ptr<Connection>& c, unsigned from, Connection::Chunk chunk);
  void end(const std::shared_ptr<Connection>& c, unsigned node, Nanos delay, bool over_the_wire);
  void break_one(const std::shared_ptr<Connection>& c);
  void flush(unsigned from);
  [[nodiscard]] bool is_cut(unsigned from) const;
  [[nodiscard]] Nanos latency();
  void forget_closed();

  World& world_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::array<Nanos, 2> cut_until_{};
  std::array<Nanos, 2> lossy_until_{};
  Nanos refuse_until_{};
  Nanos late_until_{};
  Nanos slow_until_{};
};

}  // namespace stillwater::sim
