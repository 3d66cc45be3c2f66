#include "tests/unit/replication/sockets.h"

#include <csignal>
#include <stdexcept>

#include <sys/socket.h>

#include <poll.h>

#include "appliance/replication/socket.h"

namespace stillwater::appliance::test {
namespace {

constexpr Nanos kPatience = 10s;

// True while it is worth going on.
bool advance(Channel& channel, std::string& says, bool& done) {
  if (done || !says.empty()) return false;
  const auto secured = channel.secure();
  if (!secured) says = secured.error().message;
  done = secured && *secured;
  return !done && says.empty();
}

}  // namespace

std::pair<UniqueFd, UniqueFd> socket_pair() {
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN);
  (void)ignored;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("no socket pair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TlsIdentity identity(const mgmt::TlsFiles& files, const std::string& node, const std::string& peer) {
  return {.ca = files.ca, .certificate = files.cert, .key = files.key, .node = node, .peer = peer};
}

Secured secure(ChannelMaker& dialler, ChannelMaker& acceptor) {
  auto [a, b] = socket_pair();
  Secured out{*dialler.make(std::move(a), true), *acceptor.make(std::move(b), false), {}, {}};
  bool dialler_done = false, acceptor_done = false;
  const BootClock clock;
  for (const Instant deadline = clock.now() + kPatience; clock.now() < deadline;) {
    const bool dialler_goes_on = advance(*out.dialler, out.dialler_says, dialler_done);
    const bool acceptor_goes_on = advance(*out.acceptor, out.acceptor_says, acceptor_done);
    if (!dialler_goes_on && !acceptor_goes_on) return out;
    if (!out.dialler_says.empty() || !out.acceptor_says.empty()) return out;
  }
  throw std::runtime_error("neither secured nor refused");
}

std::string received(Channel& channel, std::size_t bytes) {
  std::string all;
  const BootClock clock;
  for (const Instant deadline = clock.now() + kPatience; all.size() < bytes;) {
    std::byte some[4096];
    const auto got = channel.receive_some(some);
    if (!got) return got.error().message;
    all.append(reinterpret_cast<const char*>(some), *got);
    if (*got == 0 && !wait_for(channel.fd(), POLLIN, clock, deadline)) return "nothing came";
  }
  return all;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace stillwater::appliance::test
