#include "base/packet_socket.h"

#include <algorithm>
#include <cerrno>

#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/node_frame_mark.h"

namespace stillwater {

Result<PacketSocket> open_packet_socket(const std::string& interface, std::uint16_t ethertype,
                                        const std::array<std::uint8_t, 6>& virtual_mac) {
  const std::string what = "a packet socket on interface " + interface;
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return fail(Errc::invalid_argument, "there is no interface " + interface);
  // No protocol before it is bound: frames of other interfaces would wait in it.
  PacketSocket made{UniqueFd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), {}};
  const int fd = made.fd.get();
  const int mark = kNodeFrameMark;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ethertype);
  address.sll_ifindex = static_cast<int>(index);
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ioctl(fd, SIOCGIFHWADDR, &request) != 0)
    return fail_errno(what, errno);
  std::copy_n(request.ifr_hwaddr.sa_data, made.mac.size(), made.mac.begin());
  if (made.mac == virtual_mac)
    return fail(
        Errc::failed_precondition,
        "interface " + interface +
            " has the port's virtual MAC itself, so a node cannot send there in its own name; give the "
            "interface a MAC of its own, or no heartbeats and probes to that port");
  return made;
}

}  // namespace stillwater
