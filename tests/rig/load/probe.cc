#include "tests/rig/load/probe.h"

#include <cerrno>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/rig/load/sockets.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

constexpr int kReceiveBufferBytes = 8 << 20;

Status prepare_to_receive(const UniqueFd& fd) {
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof(int)) == 0) return {};
  return fail_errno("cannot enlarge the probe's receive buffer", errno);
}

ProbeStream::Options stream(const ProbeOptions& options, Direction direction) {
  return {.direction = direction, .per_second = options.per_second, .at_most = options.at_most};
}

}  // namespace

Probe::Probe(const ProbeOptions& options)
    : options_(options),
      to_server_(stream(options, Direction::to_server)),
      to_client_(stream(options, Direction::to_client)) {}

Result<std::unique_ptr<Probe>> Probe::start(const ProbeOptions& options) {
  std::unique_ptr<Probe> probe(new Probe(options));
  const Status started = probe->open_sockets().and_then([&] { return probe->start_streams(); });
  if (!started) return tl::unexpected(started.error());
  return probe;
}

Probe::~Probe() { stop_receiving(); }

Status Probe::open_sockets() {
  const auto open = [](UniqueFd& socket, Result<UniqueFd> made) -> Status {
    if (!made) return tl::unexpected(made.error());
    socket = std::move(*made);
    return prepare_to_receive(socket);
  };
  return inside_space(options_.server_space_fd,
                      [&] { return open(server_, bound_udp_socket(options_.port)); })
      .and_then([&] {
        return inside_space(options_.client_space_fd, [&] { return open(client_, udp_socket()); });
      });
}

// The server answers over the flow that the client opened, to the address that translation gave it.
Status Probe::start_streams() {
  const sockaddr_in server = ipv4(options_.server_address, options_.port);
  const auto remember = [this](const sockaddr_in& from) {
    const std::uint64_t address = from.sin_addr.s_addr;
    client_seen_.store(address << 16 | from.sin_port, std::memory_order_relaxed);
  };
  const auto client = [this]() -> std::optional<sockaddr_in> {
    const std::uint64_t seen = client_seen_.load(std::memory_order_relaxed);
    if (seen == 0) return std::nullopt;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = static_cast<in_addr_t>(seen >> 16);
    to.sin_port = static_cast<in_port_t>(seen & 0xffff);
    return to;
  };
  return to_server_
      .start(
          client_, server_, [server] { return server; }, remember)
      .and_then([&] { return to_client_.start(server_, client_, client, [](const sockaddr_in&) {}); });
}

void Probe::stop_sending() {
  to_client_.stop_sending();
  to_server_.stop_sending();
}

void Probe::stop_receiving() {
  to_client_.stop_receiving();
  to_server_.stop_receiving();
}

}  // namespace stillwater::rig
