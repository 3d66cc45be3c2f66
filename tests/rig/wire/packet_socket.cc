#include "tests/rig/wire/packet_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <poll.h>

namespace stillwater::rig {
namespace {

// A frame is read within this time of its stamp, or the stamp is taken for stepped.
constexpr Nanos kRecent = 1s;
constexpr Nanos kStampsWithin = 10s;

template <class Value>
bool set(const UniqueFd& fd, int level, int name, const Value& value) {
  return setsockopt(fd.get(), level, name, &value, sizeof(value)) == 0;
}

// A socket of protocol 0 receives nothing until it is bound, so no frame of another interface gets in.
bool configure(const UniqueFd& fd, const PacketSocketOptions& options, int index) {
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = index;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  bool done = set(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous) &&
              set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) && set(fd, SOL_PACKET, PACKET_AUXDATA, 1) &&
              set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) &&
              set(fd, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer_bytes);
  if (options.snap_bytes > 0) {
    sock_filter keep{BPF_RET | BPF_K, 0, 0, options.snap_bytes};
    done = done && set(fd, SOL_SOCKET, SO_ATTACH_FILTER, sock_fprog{1, &keep});
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index;
  return done && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

Nanos read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec);
}

// A datagram of our own over the loopback, with its kernel stamp: taken before we came to read it?
Result<bool> stamped_on_arrival(const UniqueFd& fd, PacketBatch& batch) {
  const char byte = 0;
  if (send(fd.get(), &byte, 1, 0) != 1) return fail_errno("cannot send over the loopback", errno);
  pollfd arrived{fd.get(), POLLIN, 0};
  poll(&arrived, 1, kStampsWithin / 1ms);
  const Nanos before_reading = read_clock(CLOCK_REALTIME);
  const auto count = batch.receive(fd.get());
  if (!count) return tl::unexpected(count.error());
  return *count == 1 && batch.take(0).stamp.value_or(Nanos::max()) < before_reading;
}

// The kernel begins to stamp frames on arrival some time after the first socket asked for it; until then a
// frame carries the time at which it was read.
Status await_stamps() {
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(self);
  auto* address = reinterpret_cast<sockaddr*>(&self);
  if (!fd || !set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) || bind(fd.get(), address, length) != 0 ||
      getsockname(fd.get(), address, &length) != 0 || connect(fd.get(), address, length) != 0) {
    return fail_errno("cannot open a socket on the loopback", errno);
  }
  PacketBatch batch(16);
  const Instant end = read_clock(CLOCK_BOOTTIME) + kStampsWithin;
  while (read_clock(CLOCK_BOOTTIME) < end) {
    const auto stamped = stamped_on_arrival(fd, batch);
    if (!stamped) return tl::unexpected(stamped.error());
    if (*stamped) return {};
  }
  return fail(Errc::timed_out, "the kernel does not stamp frames on arrival");
}

}  // namespace

Result<UniqueFd> packet_socket(const PacketSocketOptions& options) {
  const auto index = static_cast<int>(if_nametoindex(options.interface.c_str()));
  if (index == 0) return fail_errno("no interface " + options.interface, errno);
  UniqueFd fd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || !configure(fd, options, index)) {
    return fail_errno("cannot open a packet socket on " + options.interface, errno);
  }
  if (Status stamps = await_stamps(); !stamps) return tl::unexpected(stamps.error());
  return fd;
}

Result<UniqueFd> sending_packet_socket(const std::string& interface) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (address.sll_ifindex == 0) return fail_errno("no interface " + interface, errno);
  // Protocol 0: nothing is received.
  UniqueFd fd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return fail_errno("cannot open a packet socket on " + interface, errno);
  }
  return fd;
}

Result<std::uint64_t> take_dropped(int packet_fd) {
  tpacket_stats statistics{};
  socklen_t length = sizeof(statistics);
  if (getsockopt(packet_fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) != 0) {
    return fail_errno("cannot read a packet socket's statistics", errno);
  }
  return statistics.tp_drops;
}

PacketBatch::PacketBatch(std::size_t frame_bytes)
    : stride_(frame_bytes + kTagBytes), memory_(stride_ * kFrames), controls_(kFrames) {}

Result<std::size_t> PacketBatch::receive(int packet_fd) {
  for (std::size_t i = 0; i < kFrames; ++i) {
    parts_[i] = {room(i) + kTagBytes, stride_ - kTagBytes};
    headers_[i] = {};
    headers_[i].msg_hdr.msg_iov = &parts_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_control = &controls_[i];
    headers_[i].msg_hdr.msg_controllen = kControlBytes;
  }
  const int count = recvmmsg(packet_fd, headers_.data(), kFrames, MSG_DONTWAIT, nullptr);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN) return 0;
  return fail_errno("cannot read a packet socket", errno);
}

ReceivedFrame PacketBatch::take(std::size_t index) {
  msghdr& header = headers_[index].msg_hdr;
  std::byte* begin = room(index) + kTagBytes;
  std::size_t length = headers_[index].msg_len;
  ReceivedFrame frame;
  frame.wire_bytes = length;
  frame.too_long = (header.msg_flags & MSG_TRUNC) != 0;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(item), sizeof(stamp));
      frame.stamp = std::chrono::seconds(stamp.tv_sec) + Nanos(stamp.tv_nsec);
    }
    if (item->cmsg_level != SOL_PACKET || item->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata known{};
    std::memcpy(&known, CMSG_DATA(item), sizeof(known));
    frame.wire_bytes = known.tp_len;
    if ((known.tp_status & TP_STATUS_VLAN_VALID) == 0 || length < 2 * ETH_ALEN) continue;
    const bool named = (known.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
    const std::array<std::uint16_t, 2> tag{htons(named ? known.tp_vlan_tpid : ETH_P_8021Q),
                                           htons(known.tp_vlan_tci)};
    std::memmove(begin - kTagBytes, begin, 2 * ETH_ALEN);
    begin -= kTagBytes;
    length += kTagBytes;
    frame.wire_bytes += kTagBytes;
    std::memcpy(begin + 2 * ETH_ALEN, tag.data(), kTagBytes);
  }
  frame.bytes = {begin, length};
  return frame;
}

void StampReader::sample() {
  const Nanos last = real_minus_boot_;
  const bool first = now_ == Instant{};
  Nanos narrowest = Nanos::max();
  // A thread that is put off the processor between two clocks would measure its own pause: try again.
  for (int attempt = 0; attempt < 5 && narrowest > 2us; ++attempt) {
    const Instant before = read_clock(CLOCK_BOOTTIME);
    const Nanos real = read_clock(CLOCK_REALTIME);
    now_ = read_clock(CLOCK_BOOTTIME);
    const Nanos width = now_ - before;
    if (width >= narrowest) continue;
    narrowest = width;
    real_minus_boot_ = real - (before + width / 2);
  }
  if (!first && std::chrono::abs(real_minus_boot_ - last) > kRecent) before_step_ = last;
}

// Frames go on arriving while a batch is read, so a stamp may be a little past the sample.
bool StampReader::recent(Instant stamped) const {
  return stamped > now_ - kRecent && stamped < now_ + kRecent / 10;
}

Instant StampReader::instant_of(const ReceivedFrame& frame) {
  const Nanos stamp = frame.stamp.value_or(Nanos{});
  if (recent(stamp - real_minus_boot_)) return stamp - real_minus_boot_;
  if (before_step_ && recent(stamp - *before_step_)) return stamp - *before_step_;
  ++restamped_;
  return now_;
}

}  // namespace stillwater::rig
