#include "ckpt_engine/wire/frame.h"

#include <algorithm>

#include <xxhash.h>

#include "ckpt_engine/wire/formats.h"

namespace stillwater::wire {
namespace {

std::uint64_t check_of(const FrameHeader& header, Bytes payload) {
  const std::uint64_t seed = XXH3_64bits(&header, offsetof(FrameHeader, check));
  return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

std::uint64_t check_of(const Heartbeat& heartbeat) {
  return XXH3_64bits(&heartbeat, offsetof(Heartbeat, check));
}

}  // namespace

std::string to_text(const Formats& formats) {
  const std::string oldest = std::to_string(formats.oldest);
  return formats.oldest == formats.newest ? oldest : oldest + " to " + std::to_string(formats.newest);
}

std::uint64_t seal(FrameHeader& header, Type type, Bytes payload) {
  header = FrameHeader{.magic = kMagic,
                       .format = formats_spoken().oldest,
                       .type = type,
                       .length = static_cast<std::uint32_t>(payload.size()),
                       .reserved = 0,
                       .check = 0};
  header.check = check_of(header, payload);
  return header.check;
}

std::vector<std::byte> make_frame(Type type, Bytes payload) {
  std::vector<std::byte> frame(sizeof(FrameHeader) + payload.size());
  std::copy(payload.begin(), payload.end(), frame.begin() + sizeof(FrameHeader));
  FrameHeader header;
  seal(header, type, payload);
  std::memcpy(frame.data(), &header, sizeof(header));
  return frame;
}

std::vector<std::byte> make_refusal(std::string_view reason) {
  return make_frame(Type::refuse, std::as_bytes(std::span(reason.substr(0, payload_max(Type::refuse)))));
}

Result<std::optional<Frame>> parse(std::span<std::byte> buffer) {
  if (buffer.size() < sizeof(FrameHeader)) return std::nullopt;
  FrameHeader header;
  std::memcpy(&header, buffer.data(), sizeof(header));
  if (header.magic != kMagic) return fail(Errc::protocol, "what arrived is not the replication protocol");
  if (!formats_spoken().include(header.format) && header.type != Type::refuse)
    return fail(Errc::protocol, "the peer speaks wire format " + std::to_string(header.format) +
                                    ", this node " + to_text(formats_spoken()) + "; upgrade the older one");
  if (header.length > payload_max(header.type) || header.reserved != 0)
    return fail(Errc::protocol, "a frame of type " + std::to_string(static_cast<int>(header.type)) +
                                    " says " + std::to_string(header.length) + " bytes, at most " +
                                    std::to_string(payload_max(header.type)) + " are allowed");
  if (buffer.size() < sizeof(FrameHeader) + header.length) return std::nullopt;
  const std::span<std::byte> payload = buffer.subspan(sizeof(FrameHeader), header.length);
  if (header.check != check_of(header, payload))
    return fail(Errc::corrupt, "a frame's check does not match its bytes");
  return Frame{header.type, header.check, payload};
}

Result<Hello> hello_of(const Frame& frame) {
  if (frame.payload.size() < sizeof(Hello)) return fail(Errc::protocol, "a hello is cut short");
  Hello hello;
  std::memcpy(&hello, frame.payload.data(), sizeof(hello));
  return hello;
}

Bytes first_frame(Bytes frames) {
  FrameHeader header;
  if (frames.size() < sizeof(header)) return {};
  std::memcpy(&header, frames.data(), sizeof(header));
  return frames.first(std::min(frames.size(), sizeof(header) + header.length));
}

std::uint64_t digest_of(Bytes chunk) { return XXH3_64bits(chunk.data(), chunk.size()); }

std::string text_of(const Frame& frame) {
  return {reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size()};
}

std::uint64_t name_digest(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

void seal(Heartbeat& heartbeat) {
  heartbeat.magic = kHeartbeatMagic;
  heartbeat.format = formats_spoken().oldest;
  heartbeat.check = check_of(heartbeat);
}

std::optional<Heartbeat> parse_heartbeat(Bytes datagram) {
  Heartbeat heartbeat;
  if (datagram.size() != sizeof(heartbeat)) return std::nullopt;
  std::memcpy(&heartbeat, datagram.data(), sizeof(heartbeat));
  if (heartbeat.magic != kHeartbeatMagic || !formats_spoken().include(heartbeat.format)) return std::nullopt;
  if (heartbeat.check != check_of(heartbeat)) return std::nullopt;
  return heartbeat;
}

}  // namespace stillwater::wire
