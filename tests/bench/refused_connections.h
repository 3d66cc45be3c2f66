// Sessions that begin and end as fast as they can: connections that a server refuses.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/committed_epoch.h"
#include "tests/bench/load_source.h"
#include "tests/bench/tcp_frame.h"

namespace stillwater::bench {

// A client sends a SYN, which opens a session. Once that has left, and not before, the server's RST comes
// back through it: both ways have ended. When the RST has reached the client, its port may be used anew; the
// SYN that does ends the old session and opens another. So each SYN makes one session and takes one NAT port,
// and but for the first of each port ends one and gives one back; the table never holds more than
// kClientPorts.
//
// Each frame is accounted for: one that does not come out stays in flight. Belongs to the worker's thread, or
// to others while it rests, but for what says otherwise.
class RefusedConnections {
 public:
  static constexpr std::uint32_t kClientPorts = 1u << 14;

  // At most `in_flight_max` connections at a time (1 .. kClientPorts).
  explicit RefusedConnections(std::uint32_t in_flight_max);
  // From here on it is judged whether a frame leaves before the epoch in which it came is committed.
  void follow(const CommittedEpoch& epochs) { epochs_ = &epochs; }

  // How many SYNs or RSTs may come now, and the next one, which there is.
  [[nodiscard]] std::uint32_t syns_due() const;
  void write_syn(rte_mbuf& packet);
  [[nodiscard]] std::uint32_t resets_due() const { return answers_count_; }
  void write_reset(rte_mbuf& packet);
  // What leaves on the outside and on the inside; frames that are none of these are passed over.
  void left_outside(const rte_mbuf& packet);
  void left_inside(const rte_mbuf& packet);

  // Any thread. Whether new ones begin; at first they do not.
  void set_beginning(bool yes) { beginning_.store(yes, std::memory_order_relaxed); }
  // Connections that were refused: their client knows.
  [[nodiscard]] std::uint64_t done() const { return done_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  // Frames that left before their commit, without translation, or twice.
  [[nodiscard]] std::uint64_t wrong() const { return wrong_.load(std::memory_order_relaxed); }

  // While the worker rests: whatever is in flight is given up.
  void give_up();

 private:
  enum class Stage : std::uint8_t { idle, opening, refused };
  struct Client {
    std::uint64_t epoch = 0;       // in which its last frame came
    std::uint32_t generation = 0;  // of connections from this port
    Stage stage = Stage::idle;
  };
  struct Answer {
    TcpTuple tuple;
    std::uint32_t acknowledged;
  };

  // The first segment's number says whose it is, through any translation.
  [[nodiscard]] static std::uint32_t number_of(std::uint32_t port, std::uint32_t generation) {
    return generation * kClientPorts + port;
  }
  [[nodiscard]] std::uint64_t current_epoch() const { return epochs_ == nullptr ? 0 : epochs_->current(); }
  // Whether the frame of that client may leave, in this stage. Counts one that may not.
  [[nodiscard]] bool is_right(const Client& client, Stage stage, bool as_expected);
  void count(std::atomic<std::uint64_t>& what) {
    what.store(what.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::uint32_t in_flight_max_;
  TcpSegments syns_, resets_;
  const CommittedEpoch* epochs_ = nullptr;
  std::vector<Client> clients_;
  // Rings of kClientPorts.
  std::vector<std::uint32_t> idle_;
  std::vector<Answer> answers_;
  std::uint32_t idle_first_ = 0, idle_count_ = 0;
  std::uint32_t answers_first_ = 0, answers_count_ = 0;
  std::atomic<bool> beginning_{false};       // writer: the benchmark
  std::atomic<std::uint64_t> done_{0};       // writer: the worker
  std::atomic<std::uint32_t> in_flight_{0};  // writer: the worker
  std::atomic<std::uint64_t> wrong_{0};      // writer: the worker
};

// Clients on the inside, the server on the outside, with what makes their neighbours known.
[[nodiscard]] LoadSources refusal_sources(const std::shared_ptr<RefusedConnections>& connections);

}  // namespace stillwater::bench
