#include "tests/bench/replicated.h"

namespace stillwater::bench {
namespace {

engine::Policy at_once() {
  engine::Policy policy;
  policy.min_interval = Nanos(0);
  policy.pause_percent = 100;
  policy.brownout_bytes = UINT64_MAX;
  policy.quiesce_timeout = 1s;
  return policy;
}

}  // namespace

Replicated::Replicated(const region::Layout& layout, const Connect& connect, Core standby, std::size_t groups)
    : peer_(connect, standby, standby_of(layout, groups)),
      system_(layout, "barrier"),
      transport_(peer_.connection()) {
  pin_this_thread_to_first_core();
  system_.engine().set_policy(at_once());
}

void Replicated::sync() {
  must(system_.engine().first_sync(transport_, [](std::uint64_t) {}), "first sync");
  take_acknowledgement();
}

void Replicated::checkpoint() {
  engine::Engine& engine = system_.engine();
  if (engine.due(clock_.now(), true) == engine::Trigger::none)
    must(fail(Errc::failed_precondition, "not due"), "decide");
  must(engine.checkpoint(transport_), "checkpoint");
  take_acknowledgement();
}

void Replicated::take_acknowledgement() {
  std::byte bytes[sizeof(wire::FrameHeader) + sizeof(wire::Ack)];
  receive_all_or_exit(peer_.connection(), bytes);
  const auto frame = must(wire::parse(bytes), "answer");
  if (!frame) must(fail(Errc::protocol, "not an acknowledgement"), "answer");
  must(system_.engine().acknowledged(must(wire::body_of<wire::Ack>(*frame), "answer")), "acknowledgement");
}

}  // namespace stillwater::bench
