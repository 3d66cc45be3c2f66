// Heartbeats over their own UDP socket, never behind bulk data.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::appliance {

// What this node says of itself in every heartbeat. Writer: the replication thread; reader: the sender.
struct HeartbeatContent {
  std::atomic<wire::NodeState> state{wire::NodeState::starting};
  std::atomic<std::uint64_t> term{0};
  std::atomic<std::uint64_t> epoch{0};
  std::atomic<std::int64_t> echo_stamp_ns{0};
  std::atomic<std::uint64_t> echo_term{0};
};

// Sends from a real-time thread of its own from construction to destruction; the replication thread reads
// what arrives.
class Heartbeats {
 public:
  // `region_now` is called on the sender's thread.
  Heartbeats(UniqueFd socket, const std::string& node, Nanos interval, const Clock& clock,
             std::function<Nanos()> region_now);
  ~Heartbeats();

  [[nodiscard]] int fd() const { return socket_.get(); }
  HeartbeatContent& content() { return content_; }

  // The next heartbeat of the peer that is waiting in the socket, if any. Notes its stamp to echo it.
  // Datagrams that are none are counted.
  [[nodiscard]] std::optional<wire::Heartbeat> receive();
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  void send_until_stopped(const std::stop_token& stop);

  UniqueFd socket_;
  std::uint64_t sender_;
  Nanos interval_;
  const Clock& clock_;
  std::function<Nanos()> region_now_;
  HeartbeatContent content_;
  std::uint64_t refused_ = 0;
  std::jthread thread_;
};

}  // namespace stillwater::appliance
