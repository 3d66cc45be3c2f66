#include "tests/rig/load/replay_file.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include <net/ethernet.h>
#include <netinet/in.h>

#include "tests/rig/wire/pcap_reader.h"

namespace stillwater::rig {
namespace {

constexpr std::size_t kEthernetBytes = 14;
constexpr std::size_t kIpv4Bytes = 20;

std::uint8_t byte_at(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

std::size_t be16(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::size_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

struct Packet {
  std::span<const std::byte> header;
  std::span<const std::byte> payload;
};

// Without what Ethernet pads it with.
std::optional<Packet> ipv4_in(std::span<const std::byte> frame) {
  if (frame.size() < kEthernetBytes + kIpv4Bytes || be16(frame, 12) != ETHERTYPE_IP) return std::nullopt;
  const std::span<const std::byte> packet = frame.subspan(kEthernetBytes);
  const std::size_t header = (byte_at(packet, 0) & 0xfU) * std::size_t{4};
  const std::size_t total = be16(packet, 2);
  if (byte_at(packet, 0) >> 4U != 4 || header < kIpv4Bytes || total < header || total > packet.size()) {
    return std::nullopt;
  }
  return Packet{packet.first(header), packet.subspan(header, total - header)};
}

// [from, to) of the transport header that translation writes to; zeroed.
void forget(std::string& transport, std::size_t from, std::size_t to) {
  for (std::size_t at = from; at < std::min(to, transport.size()); ++at) transport[at] = 0;
}

// The offset is 0: the transport header is in this packet.
void forget_translated(std::string& transport, std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      forget(transport, 0, 4);
      return forget(transport, 16, 18);
    case IPPROTO_UDP:
      forget(transport, 0, 4);
      return forget(transport, 6, 8);
    case IPPROTO_ICMP:
      return forget(transport, 2, 6);
    default:
      return;
  }
}

Result<ReplayFile> timed(const std::string& path, ReplayFile file, bool recorded_pace) {
  const Nanos first = file.frames.front().offset;
  Nanos latest = first;
  for (ReplayFrame& frame : file.frames) {
    latest = std::max(latest, frame.offset);
    frame.offset = latest - first;
  }
  const auto gaps = static_cast<std::int64_t>(file.frames.size()) - 1;
  // The next pass follows the last frame at the mean distance of the others.
  file.period = gaps == 0 ? Nanos{1s} : (latest - first) + (latest - first) / gaps;
  if (recorded_pace && file.period == 0ns) {
    return fail(Errc::invalid_argument, path + " has all frames at one time; expected a `per_second`");
  }
  return file;
}

}  // namespace

std::optional<std::uint64_t> fingerprint_of(std::span<const std::byte> frame) {
  const auto packet = ipv4_in(frame);
  if (!packet) return std::nullopt;
  std::string known(reinterpret_cast<const char*>(packet->payload.data()), packet->payload.size());
  const std::uint8_t protocol = byte_at(packet->header, 9);
  if ((be16(packet->header, 6) & 0x1fffU) == 0) forget_translated(known, protocol);
  // Identification, flags and fragment offset, protocol.
  known.append(reinterpret_cast<const char*>(packet->header.data()) + 4, 4);
  known.push_back(static_cast<char>(protocol));
  return std::hash<std::string_view>{}(known);
}

Result<ReplayFile> read_replay(const std::string& path, bool recorded_pace) {
  auto captured = read_pcap(path, kReplayFramesAtMost);
  if (!captured) return tl::unexpected(captured.error());
  ReplayFile file;
  for (std::size_t i = 0; i < captured->size(); ++i) {
    CapturedFrame& frame = (*captured)[i];
    const auto wrong = [&](const std::string& what) {
      return fail(Errc::invalid_argument, path + ": frame " + std::to_string(i + 1) + " " + what);
    };
    if (frame.bytes.size() < frame.wire_bytes) return wrong("was cut short when it was captured");
    if (frame.wire_bytes > kFrameBytesAtMost) {
      return wrong("has " + std::to_string(frame.wire_bytes) + " bytes; expected at most " +
                   std::to_string(kFrameBytesAtMost));
    }
    const auto fingerprint = fingerprint_of(frame.bytes);
    if (fingerprint) {
      file.frames.push_back({frame.stamp, std::move(frame.bytes), *fingerprint});
    } else {
      ++file.left_out;
    }
  }
  if (file.frames.empty()) return fail(Errc::invalid_argument, path + " holds no IPv4 packet");
  return timed(path, std::move(file), recorded_pace);
}

}  // namespace stillwater::rig
