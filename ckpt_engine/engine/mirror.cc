#include "ckpt_engine/engine/mirror.h"

namespace stillwater::engine {

const char* name_of(MirrorState state) {
  switch (state) {
    case MirrorState::reserved:
      return "reserved";
    case MirrorState::loaded:
      return "loaded";
    case MirrorState::tracking:
      return "tracking";
    case MirrorState::brownout:
      return "brownout";
    case MirrorState::blackout:
      return "blackout";
    case MirrorState::committing:
      return "committing";
    case MirrorState::mirrored:
      return "mirrored";
    case MirrorState::terminated:
      return "terminated";
  }
  return "unknown";
}

bool Mirror::may_follow(MirrorState to) const {
  using enum MirrorState;
  switch (to) {
    case reserved:
      return false;
    case loaded:
      return state_ == reserved;
    case tracking:
      return state_ == loaded;
    case brownout:
      return state_ == tracking || state_ == brownout || state_ == mirrored;
    case blackout:
      return state_ == brownout || state_ == mirrored;
    case committing:
      return state_ == blackout;
    case mirrored:
      return state_ == committing;
    case terminated:
      return state_ == mirrored;
  }
  return false;
}

Status Mirror::advance(MirrorState to) {
  if (!may_follow(to))
    return fail(Errc::failed_precondition, std::string("out of order: a mirror that is ") + name_of(state_) +
                                               " cannot become " + name_of(to));
  state_ = to;
  return {};
}

Status Mirror::begin_round(unsigned rounds_max) {
  const unsigned next = state_ == MirrorState::brownout ? round_ + 1 : 1;
  if (next > rounds_max)
    return fail(Errc::resource_exhausted,
                "brownout round " + std::to_string(next) + " of at most " + std::to_string(rounds_max));
  return advance(MirrorState::brownout).map([&] {
    round_ = next;
    left_bytes_ = 0;
  });
}

Status Mirror::acknowledge() {
  return advance(MirrorState::mirrored).map([this] { valid_ = true; });
}

void Mirror::give_up() {
  if (state_ == MirrorState::brownout || state_ == MirrorState::blackout || state_ == MirrorState::committing)
    state_ = valid_ ? MirrorState::mirrored : MirrorState::tracking;
}

void Mirror::adopt() {
  if (state_ != MirrorState::tracking) return;
  valid_ = true;
  state_ = MirrorState::mirrored;
}

void Mirror::invalidate() {
  valid_ = false;
  if (state_ > MirrorState::tracking) state_ = MirrorState::tracking;
}

std::string Mirror::text() const {
  if (state_ != MirrorState::brownout) return name_of(state_);
  return "brownout, round " + std::to_string(round_) + ", " + std::to_string(left_bytes_ >> 10) + " KiB left";
}

}  // namespace stillwater::engine
