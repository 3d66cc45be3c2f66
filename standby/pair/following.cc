// What a node does while it follows, and how it takes over.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "standby/pair/pair_node.h"
#include "standby/personality.h"

namespace stillwater::standby {

using Severity = PairEvents::Severity;

Status PairNode::follower_received(std::size_t n) {
  const std::uint64_t before = receiver_.committed();
  if (Status done = receiver_.received(n); !done) return done;
  if (receiver_.goodbye()) {
    machine_.peer_left();
    return fail(Errc::unavailable, "the active left");
  }
  if (receiver_.aborted() && !receiver_.in_sync() && machine_.holds_whole_copy()) {
    say(Severity::error, "ALARM: this copy differs from the active's memory in epoch " +
                             std::to_string(receiver_.aborted()->epoch) + ": it is void");
    machine_.copy_is_void();
    holdings_told_ = false;
  }
  if (receiver_.in_sync()) {
    if (machine_.holds_whole_copy()) epochs_followed_ += receiver_.committed() - before;
    machine_.filled(parts_.clock.now());
  }
  if (const auto output = receiver_.take_output(); !output.empty() && link_ != nullptr)
    return link_->send(output);
  return {};
}

// Until the peer was announced on every port, or it is too late to be of use.
void PairNode::bring_waiting(Instant now) {
  const bool follows = machine_.phase() == Phase::standby && link_ != nullptr && now < bring_until_;
  Status sent;
  const bool goes_on = parts_.forwarding.take_waiting([&](const WaitingFrame& frame) {
    if (!follows || !sent || frame.bytes.size() > wire::kWaitingFrameMax) return;
    const wire::WaitingHeader header{frame.port, {}};
    std::vector<std::byte> payload(sizeof(header) + frame.bytes.size());
    std::memcpy(payload.data(), &header, sizeof(header));
    std::ranges::copy(frame.bytes, payload.begin() + sizeof(header));
    sent = link_->send(wire::make_frame(wire::Type::waiting, wire::Bytes(payload)));
    ++brought_;
  });
  if (follows && sent && !goes_on)
    sent = link_->send(wire::make_frame(wire::Type::waiting, wire::WaitingHeader{}));
  if (!follows || !goes_on) {
    parts_.forwarding.keep_waiting(false);
    bring_until_ = {};
    say(Severity::info, std::to_string(brought_) + " packets that waited here were brought to the peer");
    brought_ = 0;
  }
  if (!sent) hang_up(sent.error().message);
}

// Nothing that this node changed by itself is in a copy: partial epochs are rolled back.
engine::Holdings PairNode::holdings() const {
  if (left_behind_) return *left_behind_;
  if (!receiver_.in_sync()) return {};
  return {parts_.region.header().region_id, {receiver_.committed()}, {}};
}

Status PairNode::sync_begins(const wire::SyncBegin& begin) {
  if (begin.onto_held == 1 && !holdings_told_)
    return fail(Errc::protocol, "a first sync onto what this node did not tell that it holds");
  return machine_.filling_begins(begin.term).map([this] {
    left_behind_.reset();
    holdings_told_ = false;
  });
}

void PairNode::roll_back_partial_epoch() {
  if (const std::size_t groups = receiver_.disconnected(); groups > 0)
    say(Severity::warning, "rolled back " + std::to_string(groups) + (groups == 1 ? " group" : " groups") +
                               " of the epoch after " + std::to_string(receiver_.committed()) +
                               ", which was not committed");
}

// What came before this node's own steps: the silence, then the arbiter's answer and the end of the lease.
std::string PairNode::waited_before_takeover() const {
  if (machine_.phase() != Phase::standalone) return {};  // planned: it was told
  const RoleMachine::Suspicion& suspicion = machine_.last_suspicion();
  std::array<char, 96> text;
  std::snprintf(text.data(), text.size(), "not heard for %.1f ms, allowed %.1f ms later, ",
                milliseconds(suspicion.silence), milliseconds(parts_.clock.now() - suspicion.since));
  return text.data();
}

void PairNode::take_over() {
  last_takeover_.clear();
  read_on_as_leader();
  const std::string waited = waited_before_takeover();
  const auto report = standby::take_over(*this, parts_.clock);
  if (!report) return fail_node(report.error().message);
  last_takeover_ = waited + report->text();
  say(Severity::warning, "took over in term " + std::to_string(machine_.term()) + " at epoch " +
                             std::to_string(engine_.committed()) + ": " + last_takeover_);
}

// The lease has ended at whoever held it, or was proven void: the role machine saw to it.
Status PairNode::fence() {
  if (parts_.arbiter == nullptr && machine_.phase() == Phase::standalone)
    say(Severity::warning,
        "arbiter: none. Nobody else confirms that the old active is silent; if only the cable between the "
        "nodes "
        "is cut, both forward now");
  return {};
}

Status PairNode::finish_or_roll_back() {
  roll_back_partial_epoch();
  if (!receiver_.in_sync()) return fail(Errc::failed_precondition, "this node holds no whole epoch");
  return {};
}

Status PairNode::take_personality() {
  return load_personality(parts_.region.profile_page()).map([this](const Personality& p) {
    say(Severity::info, "personality: node " + p.node + ", management at " + p.management);
  });
}

Status PairNode::set_clocks() {
  const Nanos since_heard = parts_.clock.now() - region_time_heard_at_;
  const Nanos region_now = std::max(parts_.region.region_now(), region_now_heard_ + since_heard);
  parts_.region.set_identity(parts_.region.header().region_id, machine_.term());
  parts_.forwarding.continue_region_time(region_now);
  parts_.forwarding.on_activate();
  receiver_.leave();
  left_behind_.reset();
  if (machine_.phase() == Phase::active) {
    parts_.forwarding.expect_waiting(kExpectWithin);
    engine_.lead_from_with_standby(receiver_.committed());
    replicating_ = link_ != nullptr;
  } else {
    engine_.lead_from(receiver_.committed());
  }
  return {};
}

// Bounded: what the rings held at the fence is gone even where more keeps arriving.
Status PairNode::drain_ports() { return parts_.forwarding.drain_ports(50ms); }

Status PairNode::restart_agent() {
  forward();
  return {};
}

Status PairNode::announce() {
  parts_.forwarding.announce();
  return {};
}

}  // namespace stillwater::standby
