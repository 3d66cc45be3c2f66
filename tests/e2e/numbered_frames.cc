#include "tests/e2e/numbered_frames.h"

#include <cstring>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"

namespace stillwater::e2e {
namespace {

constexpr std::size_t kHeaderBytes = 14;
constexpr std::size_t kFrameBytes = 80;
constexpr std::array<std::uint8_t, 2> kLocalExperiment{0x88, 0xb5};  // IEEE's ether type for such as this

UniqueFd open_socket(const rig::Space& space, const std::string& interface) {
  UniqueFd fd;
  const Status opened = rig::inside_space(space.fd(), [&]() -> Status {
    auto socket = rig::packet_socket({.interface = interface});
    if (!socket) return tl::unexpected(socket.error());
    fd = std::move(*socket);
    return {};
  });
  INFO((opened ? "" : opened.error().message));
  REQUIRE(opened);
  return fd;
}

}  // namespace

NumberedFrames::NumberedFrames(const rig::Space& out_space, const std::string& out_at,
                               const rig::Space& in_space, const std::string& in_at)
    : out_(open_socket(out_space, out_at)), in_(open_socket(in_space, in_at)) {}

void NumberedFrames::send(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i, ++next_) {
    std::array<std::uint8_t, kFrameBytes> frame{};
    std::memset(frame.data(), 0xff, 6);
    frame[6] = 0x02;  // a local address of nobody
    std::memcpy(frame.data() + 12, kLocalExperiment.data(), kLocalExperiment.size());
    std::memcpy(frame.data() + kHeaderBytes, &next_, sizeof(next_));
    REQUIRE(write(out_.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size()));
  }
}

const std::vector<CapturedFrame>& NumberedFrames::captured() {
  while (true) {
    stamps_.sample();
    const auto count = batch_.receive(in_.get());
    REQUIRE(count.has_value());
    for (std::size_t i = 0; i < *count; ++i) {
      const auto frame = batch_.take(i);
      const bool ours = frame.bytes.size() >= kHeaderBytes + sizeof(std::uint32_t) &&
                        std::memcmp(frame.bytes.data() + 12, kLocalExperiment.data(), 2) == 0;
      if (!ours) continue;
      std::uint32_t number = 0;
      std::memcpy(&number, frame.bytes.data() + kHeaderBytes, sizeof(number));
      captured_.push_back({number, stamps_.instant_of(frame)});
    }
    if (*count == 0) return captured_;
  }
}

bool NumberedFrames::arrive(std::size_t count, Nanos limit) {
  return eventually(limit, [&] { return captured().size() >= count; });
}

bool NumberedFrames::in_order() {
  for (std::uint32_t i = 0; i < captured().size(); ++i) {
    if (captured_[i].number != i) return false;
  }
  return true;
}

}  // namespace stillwater::e2e
