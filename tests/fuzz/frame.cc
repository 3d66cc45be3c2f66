// The wire decoder: frames that are noise, and frames that are right but for their bytes' meaning.
#include "ckpt_engine/wire/frame.h"

#include <cstring>
#include <memory>

#include "standby/roles/record.h"
#include "standby/roles/roles.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

namespace stillwater::fuzz {
namespace {

using Stream = std::vector<std::byte>;

// In memory of exactly that size, so that a read past the end is found.
Result<std::optional<wire::Frame>> parse_exactly(std::unique_ptr<std::byte[]>& memory, wire::Bytes bytes) {
  memory = std::make_unique<std::byte[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), memory.get());
  return wire::parse({memory.get(), bytes.size()});
}

template <class T>
void check_body(const wire::Frame& frame) {
  const auto body = wire::body_of<T>(frame);
  expect(body.has_value() == (frame.payload.size() == sizeof(T)), "a body is taken by its size alone");
  expect(!body || std::memcmp(&*body, frame.payload.data(), sizeof(T)) == 0, "a body is the payload");
}

void check_record(const wire::Record& on_wire) {
  const auto record = standby::record_of(on_wire);
  if (!record) return;
  expect(record->in_sync.size() <= 2, "at most two nodes are in sync");
  expect(record->term < wire::kTermEnd, "there is a term after it");
  expect(record->term == 0 || record->in_sync.contains(record->active), "the active is in sync");
  expect(standby::record_of(standby::wire_of(*record)) == record, "a record survives the way to the peer");
}

void check_meaning(const wire::Frame& frame) {
  check_body<wire::Hello>(frame);
  check_body<wire::SyncBegin>(frame);
  check_body<wire::Commit>(frame);
  check_body<wire::Ack>(frame);
  check_body<wire::Abort>(frame);
  check_body<wire::Bye>(frame);
  check_body<wire::Record>(frame);
  expect(wire::text_of(frame).size() == frame.payload.size(), "a text is the payload");
  if (const auto record = wire::body_of<wire::Record>(frame)) check_record(*record);
  if (const auto hello = wire::body_of<wire::Hello>(frame)) {
    check_record(hello->record);
    expect(wire::text_of(hello->node).size() <= hello->node.size(), "a name ends where its field does");
    [[maybe_unused]] const std::string why = standby::mismatch(wire::Hello{}, *hello);
  }
}

// As a connection is read: frame by frame, until one is not whole or can never be one.
void parse_noise(Stream stream) {
  std::span<std::byte> rest(stream);
  for (;;) {
    const auto frame = wire::parse(rest);
    if (!frame) return expect(!frame.error().message.empty(), "a refusal has a reason");
    if (!frame->has_value()) return;
    const std::size_t bytes = sizeof(wire::FrameHeader) + (*frame)->payload.size();
    expect(bytes <= rest.size(), "a frame lies within what arrived");
    expect((*frame)->payload.size() <= wire::payload_max((*frame)->type), "no frame is above its cap");
    check_meaning(**frame);
    rest = rest.subspan(bytes);
  }
}

void parse_sealed(Input& input) {
  const auto type = static_cast<wire::Type>(input.rarely() ? input.value<std::uint16_t>() : input.below(14));
  const std::uint32_t at = input.value<std::uint16_t>();
  const auto flip = static_cast<std::byte>(input.value());
  const Stream payload = input.everything();
  Stream stream = wire::make_frame(type, wire::Bytes(payload));

  std::unique_ptr<std::byte[]> memory;
  const auto frame = parse_exactly(memory, stream);
  const bool fits = payload.size() <= wire::payload_max(type);
  expect(frame.has_value() == fits, "a right frame is taken unless it is above the cap of its type");
  if (!frame) return;
  expect(frame->has_value() && (*frame)->type == type, "a whole frame is recognised");
  expect(equal((*frame)->payload, payload), "a payload arrives as it was sent");
  check_meaning(**frame);

  const auto part = parse_exactly(memory, wire::Bytes(stream).first(at % stream.size()));
  expect(part && !part->has_value(), "a part of a frame waits for the rest");
  if (flip == std::byte{}) return;
  stream[at % stream.size()] ^= flip;
  const auto flipped = parse_exactly(memory, stream);
  expect(!flipped || !flipped->has_value(), "a flipped bit is found");
}

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes) {
  using namespace stillwater::fuzz;
  Input input(data, bytes);
  if (input.value() % 2 == 0)
    parse_noise(input.everything());
  else
    parse_sealed(input);
  return 0;
}
