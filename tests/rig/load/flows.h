// The long-lived TCP connections: opened once, then both ends write a numbered message about every two
// seconds and check every byte of what the other end wrote.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/rig/load/connection_tally.h"
#include "tests/rig/load/flow_end.h"
#include "tests/rig/load/payload.h"
#include "tests/rig/load/reactor.h"

namespace stillwater::rig {

// Established: a verified message went each way. Survived: fresh bytes written after the mark went each way,
// unchanged. Broken: reset, closed, or wrong bytes.
using FlowCounts = ConnectionCounts;

// Lives on the reactor's thread, which must be in the client's namespace, except for what says otherwise.
class Flows final : public Reactor::Handler, public Reactor::Ticker {
 public:
  // `listener` listens in the server's namespace on the port of `server_address`:`port`.
  Flows(Reactor& reactor, UniqueFd listener, std::string server_address, std::uint16_t port,
        std::uint32_t wanted);

  [[nodiscard]] Status listen() { return reactor_.watch(EPOLLIN, *this); }

  // Any thread: from now on the fresh bytes of `survived` are counted, anew with each mark.
  void mark_fault() { marks_.fetch_add(1); }
  // Any thread: counts() are those of the last mark.
  [[nodiscard]] bool mark_taken() const { return taken_.load() == marks_.load(); }
  // Any thread.
  [[nodiscard]] FlowCounts counts() const { return tally_.counts(); }

  // After the reactor has ended: why flows broke, with how often.
  [[nodiscard]] const std::map<std::string, std::uint32_t>& reasons() const { return reasons_; }

  void ready(std::uint32_t events) override;  // the listener
  void tick(Instant now) override;

 private:
  struct OneWay {
    FlowEnd* writer = nullptr;
    bool seen = false;             // a message arrived
    std::uint32_t fresh_from = 0;  // messages of this number or above were written after the mark
    bool carried_fresh = false;
  };
  struct Flow {
    OneWay to_server;
    OneWay to_client;
    bool broken = false;
    [[nodiscard]] OneWay& way(Direction it) { return it == Direction::to_server ? to_server : to_client; }
    [[nodiscard]] bool established() const { return to_server.seen && to_client.seen; }
    [[nodiscard]] bool survived() const {
      return to_server.carried_fresh && to_client.carried_fresh && !broken;
    }
  };

  void open_some(Instant now);
  void open_one(std::uint32_t number);
  void take_mark();
  void arrived(FlowEnd& end, std::uint32_t flow, std::uint32_t number);
  void broke(FlowEnd& end, const std::string& reason);

  Reactor& reactor_;
  std::string server_address_;
  std::uint16_t port_;
  std::uint32_t wanted_;
  std::vector<Flow> flows_;
  FlowEnd::Listener events_;
  std::vector<std::unique_ptr<FlowEnd>> ends_;
  std::optional<Instant> opening_since_;
  std::map<std::string, std::uint32_t> reasons_;
  std::atomic<std::uint32_t> marks_{0};  // writer: the owner
  std::atomic<std::uint32_t> taken_{0};  // of them; writer: reactor's thread
  ConnectionTally tally_;                // writer: reactor's thread
};

}  // namespace stillwater::rig
