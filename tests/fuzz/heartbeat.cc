// Heartbeats of a peer, and the grants in them: what they make of the right to transmit, on either side.
#include <cstring>

#include "ckpt_engine/wire/frame.h"
#include "standby/roles/lease.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

namespace stillwater::fuzz {
namespace {

constexpr Nanos kLength = 40ms;
constexpr Nanos kMargin = 4ms;

wire::Heartbeat any_beat(Input& input, Instant now, std::uint64_t term) {
  auto beat = input.value<wire::Heartbeat>();
  if (!input.rarely()) beat.grant_stamp_ns = (now - Nanos(input.value<std::uint32_t>())).count();
  if (!input.rarely()) beat.grant_term = beat.term = term;
  if (!input.rarely()) beat.state = wire::NodeState::leading;
  return beat;
}

std::optional<wire::Heartbeat> over_the_wire(Input& input, wire::Heartbeat beat) {
  wire::seal(beat);
  auto datagram = std::vector<std::byte>(sizeof(beat));
  std::memcpy(datagram.data(), &beat, sizeof(beat));
  const auto flip = static_cast<std::byte>(input.rarely() ? input.value() : 0);
  datagram[input.value() % datagram.size()] ^= flip;
  if (input.rarely()) datagram.resize(input.value());
  const auto taken = wire::parse_heartbeat(datagram);
  const bool unharmed = flip == std::byte{} && datagram.size() == sizeof(beat);
  expect(taken.has_value() == unharmed, "a heartbeat is taken unharmed or not at all");
  return taken;
}

class Node {
 public:
  void act(Input& input) {
    switch (input.below(8)) {
      case 0:
        now_ += Nanos(input.value<std::uint32_t>());
        break;
      case 1:
        become(input.below(4), input.below(4));
        break;
      case 2:
        hear_noise(input.bytes(sizeof(wire::Heartbeat) + 1));
        break;
      default:
        if (const auto beat = over_the_wire(input, any_beat(input, now_, term_))) hear(*beat);
    }
    check();
  }

 private:
  void become(std::uint32_t what, std::uint64_t term) {
    if (what <= 1) term_ = term;
    if (what == 0) lease_.transmit_under(term_);
    if (what == 1) lease_.grant_in(term_);
    if (what == 2) lease_.stop_granting();
    if (what == 3) lease_.fall_silent();
    if (what != 2) leased_ = what == 0;
    if (what == 0 || what == 1) granting_ = what == 1;
    if (what == 2) granting_ = false;
  }

  void hear_noise(const std::vector<std::byte>& datagram) {
    if (const auto beat = wire::parse_heartbeat(datagram)) hear(*beat);
  }

  void hear(const wire::Heartbeat& beat) {
    const Instant before = permit_.until();
    const Instant ends_before = lease_.grants_end();
    standby::exchange_grants(lease_, beat, now_);
    const bool lent = leased_ && beat.grant_term == term_ && beat.grant_stamp_ns != 0;
    expect(lent || permit_.until() == before, "only a grant of this term lends the right to transmit");
    expect(permit_.until() >= before, "no grant ends a right earlier");
    expect(lease_.grants_end() >= ends_before, "no heartbeat takes a promise back");
  }

  void check() const {
    expect(leased_ || !permit_.holds(now_), "nobody transmits who was not lent the right");
    expect(permit_.until() == TransmitPermit::kNever || permit_.until() <= now_ + kLength - kMargin,
           "a right ends a lease after a stamp that this node has given");
    const standby::Grant grant = lease_.grant();
    expect(granting_ || grant.stamp == Instant{}, "nothing is granted by who does not grant");
    expect(grant.stamp == Instant{} || grant.term == term_, "grants are of this term");
    expect(lease_.grants_end() <= now_ + kLength, "what was granted ends");
  }

  Instant now_ = 100s;
  std::uint64_t term_ = 1;
  bool leased_ = false;
  bool granting_ = false;
  TransmitPermit permit_;
  standby::Lease lease_{permit_, kLength, kMargin};
};

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes) {
  stillwater::fuzz::Input input(data, bytes);
  stillwater::fuzz::Node node;
  while (!input.empty()) node.act(input);
  return 0;
}
