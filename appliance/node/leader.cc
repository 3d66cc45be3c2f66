// What a node does while it leads.
#include <algorithm>
#include <random>

#include <poll.h>
#include <spdlog/spdlog.h>

#include "appliance/node/link.h"
#include "appliance/node/node.h"

namespace stillwater::appliance {
namespace {

region::RegionId new_region_id() {
  std::random_device entropy;
  region::RegionId id{};
  std::ranges::generate(id, [&] { return static_cast<std::uint8_t>(entropy()); });
  return id;
}

}  // namespace

// Nobody holds state: a new history begins.
void Node::start_empty(const std::string& reason) {
  parts_.region.clear();
  parts_.region.set_identity(new_region_id(), peer_term_ + 1);
  parts_.dataplane.continue_region_time(parts_.region.region_now());
  engine_->lead_from(parts_.region.header().epoch);
  set_role(standby::Role::standalone, reason);
  parts_.dataplane.barrier().set_discard(false);
  parts_.dataplane.barrier().resume();
  parts_.dataplane.announce();
}

// Fills the peer. Forwarding goes on meanwhile; it becomes the standby with its first acknowledgement.
void Node::lead() {
  if (!leading()) start_empty("both nodes were empty");
  set_role(standby::Role::standalone, "filling " + peer_);
  const auto progress = [this](std::uint64_t bytes) {
    sync_progress_ = static_cast<double>(bytes) / static_cast<double>(parts_.region.size());
    publish();
  };
  const Instant begin = parts_.clock.now();
  const Status synced = engine_->first_sync(*link_, progress);
  detector_.start(parts_.clock.now());
  if (!synced) return lost_connection("first sync failed: " + synced.error().message);
  spdlog::info("first sync of {} sent in {:.1f} ms", peer_, milliseconds(parts_.clock.now() - begin));
}

void Node::lead_turn() {
  const Instant now = parts_.clock.now();
  if (operator_quiesce_until_ && now >= *operator_quiesce_until_)
    end_operator_quiesce("its limit has passed");
  if (!link_) return;
  if (detector_.look(now))
    return lost_connection("no heartbeat of the standby for " +
                           std::to_string(static_cast<int>(milliseconds(detector_.silence(now)))) + " ms");
  if (engine_->awaiting_ack() && now - engine_->last_taken() > Link::kAckPatience)
    return lost_connection("the standby does not acknowledge");
  if (!operator_quiesce_until_) checkpoint_if_due(now);
}

void Node::checkpoint_if_due(Instant now) {
  const bool requested = !checkpoint_waiters_.empty();
  Status done;
  if (engine_->due(now, requested) != engine::Trigger::none)
    done = engine_->checkpoint(*link_);
  else if (!engine_->awaiting_ack())
    done = engine_->ship_soft_if_due(*link_, now);
  if (done) return;
  if (done.error().code == Errc::unavailable) return lost_connection(done.error().message);
  spdlog::warn("checkpoint given up: {}", done.error().message);
  answer_checkpoint_waiters(tl::unexpected(done.error()));
}

Status Node::leader_received(std::span<const std::byte> bytes) {
  std::vector<std::byte>& inbox = link_->inbox();
  inbox.insert(inbox.end(), bytes.begin(), bytes.end());
  for (;;) {
    const auto frame = wire::parse(inbox);
    if (!frame) return tl::unexpected(frame.error());
    if (!frame->has_value()) return {};
    if (Status done = on_follower_message(**frame); !done) return done;
    inbox.erase(inbox.begin(), inbox.begin() + static_cast<std::ptrdiff_t>(sizeof(wire::FrameHeader) +
                                                                           (*frame)->payload.size()));
  }
}

Status Node::on_follower_message(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::Type::ack: {
      const auto ack = wire::body_of<wire::Ack>(frame);
      if (!ack) return tl::unexpected(ack.error());
      if (Status done = engine_->acknowledged(*ack); !done) return done;
      if (role_ != standby::Role::active) set_role(standby::Role::active, peer_ + " is in sync");
      answer_checkpoint_waiters(engine_->committed());
      return {};
    }
    case wire::Type::bye:
      return fail(Errc::unavailable, "the standby left");
    case wire::Type::refuse:
      return fail(Errc::refused, "the standby refused: " + wire::text_of(frame));
    default:
      return fail(Errc::protocol, "a message of type " + std::to_string(static_cast<int>(frame.type)) +
                                      " is not for a leader");
  }
}

// A planned stop: the last epoch is committed with the workers quiesced, then the standby is told to lead.
void Node::hand_over() {
  if (!link_ || !engine_->has_standby()) return;
  if (operator_quiesce_until_) end_operator_quiesce("the node stops");
  const auto committed_within = [this](Nanos patience) {
    const Instant deadline = parts_.clock.now() + patience;
    while (link_ && engine_->awaiting_ack() && parts_.clock.now() < deadline) {
      pollfd readable{link_->fd(), POLLIN, 0};
      poll(&readable, 1, 10);
      read_connection();
    }
    return link_ && !engine_->awaiting_ack();
  };
  const char* const kTooLate = "stopping without a hand-over: the standby did not acknowledge in time";
  if (!committed_within(200ms)) return spdlog::warn(kTooLate);
  if (Status last = engine_->final_checkpoint(*link_); !last) {
    spdlog::warn("stopping without a hand-over: {}", last.error().message);
    return;
  }
  const std::uint64_t term = parts_.region.header().term;
  if (!committed_within(500ms)) return spdlog::warn(kTooLate);
  if (link_->send(wire::make_frame(wire::Type::bye, wire::Bye{term, engine_->committed(), 1, 0})))
    spdlog::info("handed over to {} at epoch {}", peer_, engine_->committed());
}

// The end of the thread: first the ports fall silent, then the signs of life cease, so that a standby which
// was not handed the lead takes it after its failure_timeout, and finds nobody else on the wire.
void Node::fall_silent() {
  quiesce::WorkerBarrier& barrier = parts_.dataplane.barrier();
  for (unsigned attempt = 0; attempt < 10 && !barrier.quiesced(); ++attempt)
    if (Status quiesced = barrier.quiesce(policy_.quiesce_timeout); !quiesced)
      spdlog::warn("{}", quiesced.error().message);
  link_.reset();
  heartbeats_.reset();
  listener_.reset();
}

// Another leader outranks this one: what was held is freed, never released, and the ports fall silent.
Status Node::step_down() {
  quiesce::WorkerBarrier& barrier = parts_.dataplane.barrier();
  operator_quiesce_until_.reset();
  for (unsigned attempt = 0; attempt < 50 && !barrier.quiesced(); ++attempt)
    if (Status quiesced = barrier.quiesce(policy_.quiesce_timeout); !quiesced)
      spdlog::warn("{}", quiesced.error().message);
  if (!barrier.quiesced()) return fail(Errc::timed_out, "cannot stop forwarding to step down");
  barrier.set_discard(true);
  parts_.dataplane.drop_held();
  engine_->standby_lost();
  return {};
}

}  // namespace stillwater::appliance
