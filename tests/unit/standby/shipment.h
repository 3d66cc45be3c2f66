// Shipments as an active sends them, and receivers to feed them to.
#pragma once

#include <map>

#include "ckpt_engine/engine/shipment.h"
#include "ckpt_engine/engine/staging.h"
#include "standby/receiver.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {

using Stream = std::vector<std::byte>;
inline constexpr std::uint64_t kTerm = 3;
inline constexpr std::uint32_t kProfileLine = region::kProfileOffset / region::kLineBytes;
// The first line that a transfer may write.
inline constexpr std::uint32_t kFirstLine = region::kDataOffset / region::kLineBytes;

inline void append(Stream& stream, const Stream& more) {
  stream.insert(stream.end(), more.begin(), more.end());
}

// A group made by hand: `first_line` of each extent with its bytes.
struct HandMade {
  std::uint64_t epoch = 2;
  std::uint32_t index = 0;
  std::vector<wire::WireExtent> extents;
  std::uint32_t extra_extents = 0;  // said, but not there
  std::size_t lines = 0;
  std::byte fill{0xee};

  [[nodiscard]] Stream payload() const;
  [[nodiscard]] Stream frame(wire::Type type = wire::Type::group) const {
    return wire::make_frame(type, wire::Bytes(payload()));
  }
};
// A group that writes `count` whole lines from `first_line` on.
[[nodiscard]] HandMade group_at(std::uint64_t first_line, std::uint32_t count = 1);

// A commit record that matches the groups in `stream`.
[[nodiscard]] wire::Commit record_of(const Stream& groups, std::uint64_t epoch);
[[nodiscard]] std::vector<Stream> frames_of(const Stream& stream);

struct Recorder final : wire::Transport {
  Status send(wire::Bytes frames) override {
    stream.insert(stream.end(), frames.begin(), frames.end());
    return {};
  }
  Stream stream;
};

// An active that records what it would send, its groups in that encoding.
class Source {
 public:
  explicit Source(wire::Encoding encoding = wire::Encoding::packed)
      : region(make_region(small_layout())), worker(*region), encoding_(encoding) {
    region->set_identity(kOurRegion, kTerm);
  }

  // Everything, as epoch `epoch`.
  [[nodiscard]] Stream first_sync(std::uint64_t epoch = 1);
  // What was written since the last call, in groups of epoch `epoch`, without and with the commit record.
  [[nodiscard]] Stream groups(std::uint64_t epoch);
  [[nodiscard]] Stream epoch(std::uint64_t number);
  // The last epoch was not committed.
  void forget_shipment() { shipment_.forget(); }

  std::unique_ptr<region::Region> region;
  Worker worker;

 private:
  wire::Encoding encoding_;
  engine::Staging staging_ = std::move(*engine::Staging::create(1u << 20));
  engine::Shipment shipment_{staging_.shipment_memory()};
};

class Standby {
 public:
  explicit Standby(std::size_t reserved_bytes = 1u << 20, std::vector<region::Extent> protected_ranges = {})
      : region(make_region(small_layout())),
        reserved_(std::move(*standby::ReservedBuffer::create(reserved_bytes))),
        receiver(*region, reserved_, std::move(protected_ranges)) {
    std::memset(region->profile_page().data(), 0x77, region::kPageBytes);
    receiver.connected();
  }

  // Feeds `stream` in pieces of at most `piece` bytes.
  Status feed(std::span<const std::byte> stream, std::size_t piece = ~std::size_t{0});
  // A connection that ends, and the next one.
  void reconnect() {
    receiver.disconnected();
    receiver.connected();
  }

  std::unique_ptr<region::Region> region;

 private:
  standby::ReservedBuffer reserved_;

 public:
  standby::Receiver receiver;
};

}  // namespace stillwater::tests
