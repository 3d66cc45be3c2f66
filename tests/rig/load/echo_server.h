// The other side of the new connections: writes back what it reads until the client closes.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/rig/load/reactor.h"

namespace stillwater::rig {

// Lives on the reactor's thread.
class EchoServer final : public Reactor::Handler, public Reactor::Ticker {
 public:
  EchoServer(Reactor& reactor, UniqueFd listener);
  ~EchoServer() override;

  [[nodiscard]] Status listen() { return reactor_.watch(EPOLLIN, *this); }

  void ready(std::uint32_t events) override;
  void tick(Instant now) override;

 private:
  class Connection;

  Reactor& reactor_;
  std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace stillwater::rig
