// AF_PACKET as the rig uses it: whole Ethernet frames of one interface, read in batches, with what the kernel
// knows about each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

struct PacketSocketOptions {
  std::string interface;
  int receive_buffer_bytes = 8 << 20;
  std::uint32_t snap_bytes = 0;  // keep only the first bytes of each frame; 0: all of them
};

// A non-blocking socket in the calling thread's namespace that receives every frame which comes in at the
// interface, whomever it is for, and none that goes out. Frames wait in it from the moment of this call. The
// namespace's loopback must be up.
[[nodiscard]] Result<UniqueFd> packet_socket(const PacketSocketOptions& options);

// A socket in the calling thread's namespace that sends whole Ethernet frames out of the interface, and
// receives none.
[[nodiscard]] Result<UniqueFd> sending_packet_socket(const std::string& interface);

// Frames that the kernel dropped since the last call because the socket's buffer was full.
[[nodiscard]] Result<std::uint64_t> take_dropped(int packet_fd);

struct ReceivedFrame {
  std::span<const std::byte> bytes;  // with its VLAN tag, which the kernel keeps apart
  std::size_t wire_bytes = 0;        // its length before it was cut to the snap length
  bool too_long = false;             // longer than the batch's room: the end is missing
  std::optional<Nanos> stamp;        // kernel's, CLOCK_REALTIME
};

// Room for one batch. One thread.
class PacketBatch {
 public:
  static constexpr std::size_t kFrames = 64;
  // What a VLAN tag may add to a frame of the snap length.
  static constexpr std::size_t kTagBytes = 4;

  explicit PacketBatch(std::size_t frame_bytes);

  // Reads what is queued, at most kFrames; 0: nothing. A link that is down is no error. Frames are valid
  // until the next call.
  [[nodiscard]] Result<std::size_t> receive(int packet_fd);
  // Once for each index after each receive: it puts a tag back in place.
  [[nodiscard]] ReceivedFrame take(std::size_t index);

 private:
  static constexpr std::size_t kControlBytes = 256;
  struct alignas(cmsghdr) Control {
    std::array<std::byte, kControlBytes> bytes;
  };
  [[nodiscard]] std::byte* room(std::size_t index) { return memory_.data() + index * stride_; }

  std::size_t stride_;
  std::vector<std::byte> memory_;
  std::vector<Control> controls_;
  std::array<iovec, kFrames> parts_{};
  std::array<mmsghdr, kFrames> headers_{};
};

// Turns the kernel's stamps into instants. A step of the real-time clock between stamping and reading would
// move a frame in time: a stamp that is not recent by the clock as it is now is taken by the clock as it was
// before the last step, and one that is not recent by that either gives way to the time of reading.
class StampReader {
 public:
  // Once before each batch.
  void sample();
  [[nodiscard]] Instant instant_of(const ReceivedFrame& frame);
  // Frames whose stamp was no use.
  [[nodiscard]] std::uint64_t restamped() const { return restamped_; }

 private:
  Instant now_{};
  [[nodiscard]] bool recent(Instant stamped) const;

  Nanos real_minus_boot_{};
  std::optional<Nanos> before_step_{};  // likewise
  std::uint64_t restamped_ = 0;
};

}  // namespace stillwater::rig
