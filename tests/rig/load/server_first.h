// TCP connections on which nothing moves until the server writes, after the fault: the client has not sent a
// segment since long before it, so only a session that the firewall really kept lets the server's through.
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
#include "tests/rig/load/flow_end.h"
#include "tests/rig/load/reactor.h"
#include "tests/rig/load/server_first_account.h"

namespace stillwater::rig {

// Each connection: the client writes one message, the server answers with one, then both are silent. The
// kernel's keep-alives are off, so no segment of the client's follows its last ACK. Lives on the reactor's
// thread, which must be in the client's namespace, except for what says otherwise.
class ServerFirst final : public Reactor::Handler, public Reactor::Ticker {
 public:
  // The servers begin to write this long after the mark, when what the failed node still had in hand is out
  // of the way, and are spread over kSpread: into the outage, and past it.
  static constexpr Nanos kWait = 300ms;
  static constexpr Nanos kSpread = 1s;

  // `listener` listens in the server's namespace on the port of `server_address`:`port`.
  ServerFirst(Reactor& reactor, UniqueFd listener, std::string server_address, std::uint16_t port,
              std::uint32_t wanted);

  [[nodiscard]] Status listen() { return reactor_.watch(EPOLLIN, *this); }

  // Any thread, once: the fault has struck.
  void mark_fault() { marked_.store(true); }
  // Any thread.
  [[nodiscard]] ServerFirstCounts counts() const { return account_.counts(); }

  // After the reactor has ended: why connections broke, with how often.
  [[nodiscard]] const std::map<std::string, std::uint32_t>& reasons() const { return reasons_; }

  void ready(std::uint32_t events) override;  // the listener
  void tick(Instant now) override;

 private:
  void open_some();
  void open_one(std::uint32_t number);
  void schedule_servers(Instant now);
  void arrived(FlowEnd& end, std::uint32_t connection, std::uint32_t number);
  void broke(FlowEnd& end, const std::string& reason);

  Reactor& reactor_;
  std::string server_address_;
  std::uint16_t port_;
  std::uint32_t wanted_;
  ServerFirstAccount account_;
  FlowEnd::Listener events_;
  std::vector<std::unique_ptr<FlowEnd>> clients_;  // by connection; null: it could not be opened
  std::vector<std::unique_ptr<FlowEnd>> servers_;  // as they were accepted
  std::map<std::string, std::uint32_t> reasons_;
  bool scheduled_ = false;
  std::atomic<bool> marked_{false};  // writer: the owner
};

}  // namespace stillwater::rig
