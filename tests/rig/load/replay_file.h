// A capture as something to replay: which frames, when, and how each is known again at the far end. Pure but
// for reading the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

struct ReplayFrame {
  Nanos offset{};  // from the first frame; never less than that of the frame before
  std::vector<std::byte> bytes;
  std::uint64_t fingerprint = 0;
};

struct ReplayFile {
  std::vector<ReplayFrame> frames;
  std::size_t left_out = 0;  // frames of the capture that are no IPv4
  Nanos period{};            // from the first frame of one pass to that of the next, at the recorded times
};

// Frames with more than kFrameBytesAtMost bytes do not fit an interface with the usual MTU.
constexpr std::size_t kFrameBytesAtMost = 1514;
constexpr std::size_t kReplayFramesAtMost = 1'000'000;

// An error where nothing of the file can be replayed as it was: see read_pcap; a frame is too long or was cut
// short by the capture; there is no IPv4; `recorded_pace` and the frames have no times.
[[nodiscard]] Result<ReplayFile> read_replay(const std::string& path, bool recorded_pace);

// The same frame has the same fingerprint before and after a router with address translation: MAC and IP
// addresses, ports, TTL, checksums, and the identifier of an ICMP echo do not count, everything else does.
// None: no whole IPv4 packet.
[[nodiscard]] std::optional<std::uint64_t> fingerprint_of(std::span<const std::byte> frame);

}  // namespace stillwater::rig
