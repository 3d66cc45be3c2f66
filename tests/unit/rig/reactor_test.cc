// The event loop of the TCP load.
#include "tests/rig/load/reactor.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace stillwater::rig {
namespace {

// Reads nothing, so that its socket stays readable.
class ClosesItself final : public Reactor::Handler {
 public:
  using Handler::Handler;
  void ready(std::uint32_t) override {
    ++events;
    close();
  }
  int events = 0;
};

class StopsAfter final : public Reactor::Ticker {
 public:
  StopsAfter(Reactor& reactor, int ticks) : reactor_(reactor), left_(ticks) {}
  void tick(Instant) override {
    if (--left_ == 0) reactor_.stop();
  }

 private:
  Reactor& reactor_;
  int left_;
};

}  // namespace

TEST_CASE("a closed socket gives no more events, even while another process still holds a copy of it") {
  int sockets[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0);
  const UniqueFd far(sockets[1]);
  const UniqueFd copy(dup(sockets[0]));
  REQUIRE(copy);
  Reactor reactor;
  REQUIRE(reactor.open());
  ClosesItself handler{UniqueFd{sockets[0]}};
  REQUIRE(reactor.watch(EPOLLIN, handler));
  StopsAfter limit(reactor, 5);
  reactor.add(limit);
  REQUIRE(send(far.get(), "x", 1, 0) == 1);
  reactor.run();
  CHECK(handler.events == 1);
  CHECK_FALSE(handler.fd());
}

}  // namespace stillwater::rig
