// The connection to the peer: who dials, who is let in, and when a connection makes a pair.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "appliance/node/link.h"
#include "appliance/node/node.h"
#include "appliance/replication/socket.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kDialInterval = 20ms;
constexpr Nanos kDialPauseMax = 2s;
constexpr Nanos kCrossing = 1s;  // a peer that dialled at the same time is heard of within

}  // namespace

void Node::read_connection() {
  for (unsigned reads = 0; link_ && reads < 64; ++reads) {
    const auto got = link_->channel().receive_some(pair_->space());
    if (!got) return close_link(got.error().message);
    if (*got == 0) return;
    const Status done = pair_->received(*got);
    if (done || !link_) continue;
    if (done.error().code == Errc::unavailable) return close_link(done.error().message);
    refused(done.error().message);
    [[maybe_unused]] const Status told = link_->send(wire::make_refusal(done.error().message));
    return close_link("closed: " + done.error().message);
  }
}

void Node::close_link(const std::string& why, standby::RoleMachine::EndedBy who) {
  hang_up(why);
  pair_->disconnected(why, who);
}

void Node::hang_up(const std::string& why) {
  if (!link_) return;
  spdlog::info("connection to {} closed: {}", peer_, why);
  link_.reset();
  next_dial_ = parts_.clock.now() + kDialInterval;
}

// A leader does not dial, unless it hears of another one: then the two must meet to find out who stays.
void Node::dial_if_alone() {
  const Instant now = parts_.clock.now();
  if (!parts_.config.replication.enabled || link_ || met_ || now < next_dial_ || handshakes_->dialling())
    return;
  if (machine().leads() && (peer_led_at_ == Instant{} || now - peer_led_at_ > 1s)) return;
  next_dial_ = now + std::max(kDialInterval, dial_pause_);
  const std::size_t path = paths_->to_dial(now);
  auto fd = dial_tcp(paths_->config(path).listen, paths_->config(path).peer);
  if (!fd) return;
  auto channel = channels_->make(std::move(*fd), true);
  if (channel) handshakes_->add_dialled(std::move(*channel), path);
}

void Node::accept_one() {
  if (!paths_) return;
  auto accepted = paths_->accept_one();
  if (!accepted) return;
  auto channel = channels_->make(std::move(accepted->fd), false);
  if (!channel) return;
  if (!accepted->from_peer)
    return refuse_connection(**channel, "only " + paths_->config(accepted->path).peer.address +
                                            " (replication.peer) may connect here");
  handshakes_->add_accepted(std::move(*channel), accepted->path);
}

// A cable that fell silent while the other is heard. Nothing is lost: the next hello says what the standby
// holds.
void Node::leave_silent_path() {
  if (!link_ || paths_->count() < 2) return;
  const Instant now = parts_.clock.now();
  const Nanos silence = parts_.config.replication.failure_timeout / 2;
  const std::size_t other = 1 - link_->path();
  if (now - link_->since() < silence || paths_->heard(link_->path(), now, silence)) return;
  if (!paths_->heard(other, now, silence / 2)) return;
  spdlog::warn("path {} to {} is silent; state goes over path {}", link_->path() + 1, peer_, other + 1);
  close_link("its path is silent", standby::RoleMachine::EndedBy::this_node);
  next_dial_ = now;
}

std::string Node::mismatch(const wire::Hello& theirs) const {
  const std::string& wanted = parts_.config.replication.peer_name;
  if (const std::string name = wire::text_of(theirs.node); !wanted.empty() && name != wanted)
    return "the peer is node '" + name + "'; expected '" + wanted + "' (replication.peer_name)";
  return standby::mismatch(pair_->hello(), theirs);
}

// TCP alone makes no pair: the standby would blame the active for heartbeats that can never arrive. And the
// hello of a process that has died since, read late, must not look like a restart of the one that lives.
void Node::meet_if_any() {
  constexpr Nanos kBeatFresh = 500ms;
  constexpr Nanos kBeatPatience = 1s;
  accept_one();
  if (auto met = handshakes_->advance()) {
    if (const std::string why = mismatch(met->theirs); !why.empty())
      return refuse_connection(*met->channel, why);
    if (!met->dialled_by_me && !answer(*met)) return;
    if (const auto secret = met->channel->secret()) paths_->trust(*secret);
    met_at_ = parts_.clock.now();
    met_ = std::move(met);
  }
  if (!met_) return;
  const Instant now = parts_.clock.now();
  if (paths_->heard(met_->path, now, kBeatFresh) && peer_process_ == met_->theirs.incarnation) {
    Met met = std::move(*met_);
    met_.reset();
    return join(std::move(met));
  }
  if (now - met_at_ < kBeatPatience) return;
  const Endpoint& peer = paths_->config(met_->path).peer;
  refuse_connection(*met_->channel, "TCP works, but no heartbeat came from " + peer.address + ":" +
                                        std::to_string(peer.port) +
                                        "; check replication.peer on both nodes and that UDP passes");
  met_.reset();
}

// A hello stands on one connection alone: what comes on an older one may overwrite what a later hello said
// that this node holds. Where both dialled at once, both keep the one that the smaller name dialled.
bool Node::answer(Met& met) {
  const bool own_stands =
      handshakes_->said_hello() || (met_ && met_->dialled_by_me) ||
      (link_ && link_->dialled_by_me() && parts_.clock.now() - link_->since() < kCrossing);
  if (own_stands && standby::own_dial_stays(parts_.config.profile.name, wire::text_of(met.theirs.node)))
    return false;
  handshakes_->give_up_dialling();
  met_.reset();
  if (link_) close_link("replaced by a new connection");
  return say_hello(*met.channel, pair_->hello(), parts_.clock).has_value();
}

// Two that led, each by its own record, have both answered for the service addresses: clients learn anew
// where they are.
void Node::join(Met met) {
  const std::string name = wire::text_of(met.theirs.node);
  const wire::Hello theirs = met.theirs;
  spdlog::info("met {} ({}, path {}), build {}", name, met.dialled_by_me ? "dialled" : "accepted",
               met.path + 1, wire::text_of(theirs.build));
  link_ = std::make_unique<Link>(std::move(met), parts_.clock);
  peer_ = name;
  dial_pause_ = Nanos(0);
  pair_->connected(*link_, theirs);
  if (machine().leads() && theirs.state == wire::NodeState::leading) parts_.dataplane.announce();
}

void Node::refuse_connection(Channel& channel, const std::string& why) {
  refused(why);
  [[maybe_unused]] const Status told =
      channel.send_all(wire::make_refusal(why), parts_.clock, parts_.clock.now());
}

// Also slows down dialling: what is refused now will be refused in a moment as well.
void Node::refused(const std::string& why) {
  const Instant now = parts_.clock.now();
  if (const auto suppressed = refusals_said_.let_through(why, now)) {
    if (*suppressed == 0)
      spdlog::warn("refused: {}", why);
    else
      spdlog::warn("refused: {} (and {} times more in the last minute)", why, *suppressed);
  }
  ++refused_;
  last_refusal_ = why;
  dial_pause_ = std::min(std::max(2 * dial_pause_, kDialInterval), kDialPauseMax);
  next_dial_ = now + dial_pause_;
  publish();
}

}  // namespace stillwater::appliance
