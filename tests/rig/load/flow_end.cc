#include "tests/rig/load/flow_end.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <sys/socket.h>

#include "tests/rig/load/sockets.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kBetweenMessages = 2s;

int pending_error(const UniqueFd& fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

FlowEnd::FlowEnd(UniqueFd fd, Direction writes, std::optional<std::uint32_t> flow, const Listener& listener)
    : Handler(std::move(fd)),
      writes_(writes),
      flow_(flow),
      listener_(listener),
      reader_(opposite(writes), flow) {}

void FlowEnd::ready(std::uint32_t events) {
  if (!fd()) return;
  if (const int error = pending_error(fd()); error != 0) {
    return break_off(std::generic_category().message(error));
  }
  if (!connected_) {
    connected_ = true;
    listener_.connected(*this);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_all();
}

void FlowEnd::end(Closing how) {
  if (how == Closing::reset && fd()) {
    constexpr linger kAtOnce{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd().get(), SOL_SOCKET, SO_LINGER, &kAtOnce, sizeof(kAtOnce));
  }
  close();
}

void FlowEnd::read_all() {
  while (fd()) {
    std::array<std::byte, 4096> bytes;
    const ssize_t count = recv(fd().get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && would_block(errno)) return;
    if (count < 0) return break_off(std::generic_category().message(errno));
    if (count == 0) return break_off("closed by the other end");
    const auto arrived = [this](std::uint32_t flow, std::uint32_t number) {
      flow_ = flow;
      listener_.arrived(*this, flow, number);
    };
    const Status verified = reader_.feed({bytes.data(), static_cast<std::size_t>(count)}, arrived);
    if (!verified) return break_off("wrong bytes: " + verified.error().message);
  }
}

void FlowEnd::write_if_due(Instant now) {
  if (!fd()) return;
  if (unwritten_.empty() && due_ && now >= *due_) {
    message_ = make_message(*flow_, writes_, next_number_++);
    unwritten_ = message_;
    // Keeps its phase; what a stall left out is not made up for in a burst.
    while (repeats_ && *due_ <= now) *due_ += kBetweenMessages;
    if (!repeats_) due_.reset();
  }
  if (!unwritten_.empty()) write_rest();
}

void FlowEnd::write_rest() {
  const ssize_t count = send(fd().get(), unwritten_.data(), unwritten_.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    unwritten_ = unwritten_.subspan(static_cast<std::size_t>(count));
  } else if (!would_block(errno)) {
    break_off(std::generic_category().message(errno));
  }
}

void FlowEnd::break_off(const std::string& reason) {
  close();
  listener_.broke(*this, reason);
}

Result<std::unique_ptr<FlowEnd>> connect_flow(Reactor& reactor, const std::string& address,
                                              std::uint16_t port, std::uint32_t flow,
                                              const FlowEnd::Listener& listener) {
  auto socket = tcp_socket();
  if (!socket) return tl::unexpected(socket.error());
  sockaddr_in to = ipv4(address, port);
  if (connect(socket->get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0 && errno != EINPROGRESS) {
    return fail_errno("cannot connect", errno);
  }
  auto end = std::make_unique<FlowEnd>(std::move(*socket), Direction::to_server, flow, listener);
  // Edge-triggered output is the news that the connection stands, told once.
  if (Status watched = reactor.watch(EPOLLIN | EPOLLOUT | EPOLLET, *end); !watched) {
    return tl::unexpected(watched.error());
  }
  return end;
}

void accept_flows(Reactor& reactor, const UniqueFd& listening, const FlowEnd::Listener& listener,
                  const std::function<void(std::unique_ptr<FlowEnd>)>& take) {
  while (true) {
    UniqueFd accepted(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) return;
    auto end = std::make_unique<FlowEnd>(std::move(accepted), Direction::to_client, std::nullopt, listener);
    if (reactor.watch(EPOLLIN, *end)) take(std::move(end));
  }
}

}  // namespace stillwater::rig
