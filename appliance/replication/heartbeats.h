// Heartbeats over a socket of their own, never behind bulk data, sent and received on a real-time thread of
// their own: a grant waits for no checkpoint, and a lease ends for no late thread but this one. The socket is
// that thread's alone, so that it is closed as soon as the process is killed: from then on the kernel refuses
// the peer's heartbeats.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "appliance/replication/beat_socket.h"
#include "appliance/replication/heartbeat_keys.h"
#include "base/clock.h"
#include "base/thread.h"
#include "ckpt_engine/wire/frame.h"
#include "standby/roles/lease.h"

namespace stillwater::appliance {

struct ReceivedBeat {
  wire::Heartbeat beat;
  Instant at;
};

// Sends and receives from construction to destruction.
class Heartbeats {
 public:
  // Either counts as the peer's whatever is well formed, or, `authenticated`, only what a trusted secret
  // sealed; nothing is sent then before the first is known.
  enum class Trust { anybody, authenticated };

  struct Options {
    std::string node;   // this one's name
    std::uint8_t path;  // the number of the cable, the same on both nodes
    Nanos interval;
    Trust trust;
  };
  // `region_now` is called on the thread. What comes goes to `lease` at once.
  Heartbeats(const Options& options, std::unique_ptr<BeatSocket> socket, const Clock& clock,
             standby::Lease& lease, std::function<Nanos()> region_now);
  ~Heartbeats();

  // State, term, epoch and flags of the heartbeats from now on. Any thread.
  void say(const wire::Heartbeat& content);

  // A connection to the peer is secured by this secret. Any thread.
  void trust(const ConnectionSecret& secret);

  // The next heartbeat of the peer, in the order in which they came. One thread.
  [[nodiscard]] std::optional<ReceivedBeat> take();
  // When the newest was sent of those heartbeats that the peer's kernel has refused since the last call: no
  // process had the port open when it arrived. Any thread.
  [[nodiscard]] std::optional<Instant> take_refusal();
  // Datagrams that were no heartbeat of the peer.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  static constexpr std::size_t kWaitingMax = 1024;  // older ones go first: the newest say what is true

  void run(const std::stop_token& stop);
  void send_one();
  void receive_all();
  void read_refusals();
  [[nodiscard]] std::optional<wire::Heartbeat> open(wire::Bytes datagram);

  std::unique_ptr<BeatSocket> socket_;  // of the thread's own files
  OwnFiles files_;
  const std::uint64_t sender_;
  const Nanos interval_;
  const Trust trust_;
  const Clock& clock_;
  standby::Lease& lease_;
  const std::function<Nanos()> region_now_;

  mutable std::mutex mutex_;
  wire::Heartbeat content_;           // under mutex_
  HeartbeatKeys keys_;                // under mutex_
  Instant newest_stamp_{};            // of the peer; under mutex_
  std::deque<ReceivedBeat> waiting_;  // under mutex_
  std::uint64_t refused_ = 0;         // under mutex_
  std::optional<Instant> refusal_;    // under mutex_
  std::jthread thread_;
};

}  // namespace stillwater::appliance
