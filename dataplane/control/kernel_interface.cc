#include "dataplane/control/kernel_interface.h"

#include <charconv>
#include <filesystem>
#include <string>

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fcntl.h>

namespace stillwater::dataplane {
namespace {

std::vector<int> open_descriptors() {
  std::vector<int> descriptors;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", none)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    descriptors.push_back(fd);
  }
  return descriptors;
}

bool is_bound_to(int fd, unsigned interface_index) {
  int domain = 0;
  socklen_t bytes = sizeof(domain);
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) != 0 || domain != AF_PACKET) return false;
  sockaddr_ll address{};
  bytes = sizeof(address);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes) == 0 &&
         address.sll_ifindex == static_cast<int>(interface_index);
}

// Since the last call.
std::uint64_t take_drops(int fd) {
  tpacket_stats statistics{};
  socklen_t bytes = sizeof(statistics);
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes) != 0) return 0;
  return statistics.tp_drops;
}

}  // namespace

KernelInterface::KernelInterface(unsigned index)
    : index_(index), inquiries_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  for (const int fd : open_descriptors())
    if (is_bound_to(fd, index)) packet_sockets_.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  for (const UniqueFd& socket : packet_sockets_) (void)take_drops(socket.get());
}

bool KernelInterface::has_link() const {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index_);
  return ioctl(inquiries_.get(), SIOCGIFNAME, &request) == 0 &&
         ioctl(inquiries_.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

std::uint64_t KernelInterface::dropped() const {
  for (const UniqueFd& socket : packet_sockets_)
    dropped_.fetch_add(take_drops(socket.get()), std::memory_order_relaxed);
  return dropped_.load(std::memory_order_relaxed);
}

}  // namespace stillwater::dataplane
