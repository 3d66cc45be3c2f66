// What a source makes of the buffers that a port received.
#include "tests/bench/load_source.h"

#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/bench/frame_buffer.h"

namespace stillwater::bench {
namespace {

using test::FrameBuffer;

constexpr std::uint16_t kWritten = 61;  // octets of a frame of the source's own

// Has as many frames as it is told.
class Source final : public LoadSource {
 public:
  std::uint16_t frames = 0;

 private:
  std::uint16_t due(std::uint16_t, std::uint16_t max) override { return std::min(frames, max); }
  void write(rte_mbuf** packets, std::uint16_t n) override {
    for (std::uint16_t i = 0; i < n; ++i) packets[i]->data_len = kWritten;
    frames = static_cast<std::uint16_t>(frames - n);
  }
};

struct Burst {
  static constexpr std::uint16_t kMax = 8;

  explicit Burst(std::uint16_t n) : buffers(n), packets(kMax, nullptr) {
    for (std::uint16_t i = 0; i < n; ++i) packets[i] = &buffers[i].packet();
  }
  std::vector<FrameBuffer> buffers;
  std::vector<rte_mbuf*> packets;
};

}  // namespace

TEST_CASE("buffers that a source has nothing for are kept, and taken when it has more than arrived") {
  SpareBuffers spares;
  Source source;
  source.keep_spares_in(spares);
  source.frames = 2;
  Burst first(5);
  CHECK(source.fill(first.packets.data(), 5, Burst::kMax) == 2);
  CHECK(spares.size() == 3);
  CHECK(first.buffers[1].packet().data_len == kWritten);
  CHECK(first.buffers[2].packet().data_len == 0);

  source.frames = 20;
  Burst second(6);
  CHECK(source.fill(second.packets.data(), 6, Burst::kMax) == Burst::kMax);
  CHECK(spares.size() == 1);
  CHECK(source.frames == 20 - Burst::kMax);
  for (const rte_mbuf* packet : second.packets) CHECK(packet->data_len == kWritten);

  Burst none(0);
  CHECK(source.fill(none.packets.data(), 0, Burst::kMax) == 1);
  CHECK(spares.empty());
}

TEST_CASE("greetings come first, once, and again when they are asked for") {
  SpareBuffers spares;
  Source source;
  source.keep_spares_in(spares);
  source.greet_with(std::vector<std::uint8_t>(70, 1));
  source.greet_with(std::vector<std::uint8_t>(80, 2));
  source.frames = 100;
  Burst first(1);
  CHECK(source.fill(first.packets.data(), 1, Burst::kMax) == 1);
  CHECK(first.packets[0]->data_len == 70);
  CHECK(first.packets[0]->pkt_len == 70);
  Burst second(3);
  CHECK(source.fill(second.packets.data(), 3, Burst::kMax) == 3);
  CHECK(second.packets[0]->data_len == 80);
  CHECK(second.packets[1]->data_len == kWritten);
  source.greet_again();
  Burst third(1);
  CHECK(source.fill(third.packets.data(), 1, Burst::kMax) == 1);
  CHECK(third.packets[0]->data_len == 70);
}

}  // namespace stillwater::bench
