// Building and checking frames. Pure functions over bytes; no sockets.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/wire/format.h"

namespace stillwater::wire {

using Bytes = std::span<const std::byte>;

// A whole, checked frame; `payload` points into the buffer it was parsed from.
struct Frame {
  Type type;
  std::uint64_t check;
  std::span<std::byte> payload;
};

// Fills the header for `payload`, which stands right behind it, and returns its check.
std::uint64_t seal(FrameHeader& header, Type type, Bytes payload);

// A frame with a fixed structure as payload.
[[nodiscard]] std::vector<std::byte> make_frame(Type type, Bytes payload);
template <class T>
[[nodiscard]] std::vector<std::byte> make_frame(Type type, const T& body) {
  static_assert(std::is_trivially_copyable_v<T>);
  return make_frame(type, std::as_bytes(std::span(&body, 1)));
}
[[nodiscard]] std::vector<std::byte> make_refusal(std::string_view reason);

// The first frame of `buffer`, nullopt while more bytes are needed; or why it can never be one. The header is
// judged as soon as it is there, so that an oversized frame is refused before it is received.
[[nodiscard]] Result<std::optional<Frame>> parse(std::span<std::byte> buffer);

// The first of whole frames that follow each other, or nothing, where there is none.
[[nodiscard]] Bytes first_frame(Bytes frames);

// Of a chunk of the region, as digest frames carry it.
[[nodiscard]] std::uint64_t digest_of(Bytes chunk);

// The payload as a structure; protocol error if its size differs.
template <class T>
[[nodiscard]] Result<T> body_of(const Frame& frame) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (frame.payload.size() != sizeof(T)) return fail(Errc::protocol, "a message has the wrong length");
  T body;
  std::memcpy(&body, frame.payload.data(), sizeof(T));
  return body;
}
// The same of a hello, which a newer format may have made longer: what follows is passed over.
[[nodiscard]] Result<Hello> hello_of(const Frame& frame);
[[nodiscard]] std::string text_of(const Frame& frame);

// A zero-padded name as text, and back.
template <std::size_t N>
[[nodiscard]] std::string text_of(const std::array<char, N>& padded) {
  return {padded.data(), strnlen(padded.data(), N)};
}
template <std::size_t N>
[[nodiscard]] std::array<char, N> padded(std::string_view text) {
  std::array<char, N> out{};
  text.copy(out.data(), N - 1);
  return out;
}

// Identifies a node in heartbeats.
[[nodiscard]] std::uint64_t name_digest(std::string_view name);
void seal(Heartbeat& heartbeat);
// Nullopt for anything but a heartbeat of this version with a right check.
[[nodiscard]] std::optional<Heartbeat> parse_heartbeat(Bytes datagram);

}  // namespace stillwater::wire
