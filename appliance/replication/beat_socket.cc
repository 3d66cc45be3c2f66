#include "appliance/replication/beat_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "appliance/replication/socket.h"
#include "base/packet_socket.h"

namespace stillwater::appliance {
namespace {

// The next that is no error of an earlier send.
std::optional<std::size_t> receive_from(int fd, std::span<std::byte> to) {
  constexpr unsigned kErrorsMax = 16;
  for (unsigned errors = 0; errors < kErrorsMax; ++errors) {
    const ssize_t got = recv(fd, to.data(), to.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) break;
  }
  return std::nullopt;
}

class UdpBeats final : public BeatSocket {
 public:
  UdpBeats(UniqueFd socket, Endpoint peer) : socket_(std::move(socket)), to_connect_(std::move(peer)) {}

  [[nodiscard]] int fd() const override { return socket_.get(); }
  void close() override { socket_.reset(); }
  // An interface that is down when the node starts comes up some day.
  [[nodiscard]] bool connected() override {
    if (to_connect_ && connect_udp(socket_.get(), *to_connect_)) to_connect_.reset();
    return !to_connect_;
  }
  void send(std::span<const std::byte> datagram) override {
    ::send(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
  }
  [[nodiscard]] std::optional<std::size_t> receive(std::span<std::byte> datagram) override {
    return receive_from(socket_.get(), datagram);
  }
  [[nodiscard]] std::optional<std::size_t> take_refused(std::span<std::byte> datagram) override {
    return appliance::take_refused(socket_.get(), datagram);
  }

 private:
  UniqueFd socket_;
  std::optional<Endpoint> to_connect_;
};

class LinkBeats final : public BeatSocket {
 public:
  explicit LinkBeats(PacketSocket socket) : socket_(std::move(socket.fd)) {
    ether_header header{};
    std::memcpy(header.ether_dhost, kTo.data(), kTo.size());
    std::memcpy(header.ether_shost, socket.mac.data(), socket.mac.size());
    header.ether_type = htons(kBeatEtherType);
    std::memcpy(frame_.data(), &header, sizeof(header));
  }

  [[nodiscard]] int fd() const override { return socket_.get(); }
  void close() override { socket_.reset(); }
  [[nodiscard]] bool connected() override { return true; }
  void send(std::span<const std::byte> datagram) override {
    if (datagram.size() > kDatagramMax) return;
    std::memcpy(frame_.data() + sizeof(ether_header), datagram.data(), datagram.size());
    ::send(socket_.get(), frame_.data(), sizeof(ether_header) + datagram.size(), MSG_NOSIGNAL);
  }
  [[nodiscard]] std::optional<std::size_t> receive(std::span<std::byte> datagram) override {
    std::array<std::byte, sizeof(ether_header) + kDatagramMax> frame;
    const auto got = receive_from(socket_.get(), frame);
    if (!got) return std::nullopt;
    const std::size_t bytes = *got < sizeof(ether_header) ? 0 : *got - sizeof(ether_header);
    const std::size_t fitting = std::min(bytes, datagram.size());
    std::memcpy(datagram.data(), frame.data() + sizeof(ether_header), fitting);
    return fitting;
  }
  // No kernel answers for an EtherType.
  [[nodiscard]] std::optional<std::size_t> take_refused(std::span<std::byte>) override {
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kDatagramMax = 256;  // bytes
  // Locally administered, multicast.
  static constexpr std::array<std::uint8_t, ETH_ALEN> kTo = {0x03, 'S', 'W', 'H', 'B', 0x01};

  UniqueFd socket_;
  std::array<std::byte, sizeof(ether_header) + kDatagramMax> frame_{};
};

}  // namespace

Result<std::unique_ptr<BeatSocket>> udp_beats(const PathConfig& path) {
  return udp_at(path.listen).map([&](UniqueFd socket) -> std::unique_ptr<BeatSocket> {
    return std::make_unique<UdpBeats>(std::move(socket), path.peer);
  });
}

Result<std::unique_ptr<BeatSocket>> link_beats(const HeartbeatPort& port) {
  return open_packet_socket(port.interface, kBeatEtherType, port.virtual_mac)
      .map([](PacketSocket socket) -> std::unique_ptr<BeatSocket> {
        return std::make_unique<LinkBeats>(std::move(socket));
      });
}

}  // namespace stillwater::appliance
