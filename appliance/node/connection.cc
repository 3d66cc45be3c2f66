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

void Node::close_link(const std::string& why) {
  hang_up(why);
  pair_->disconnected(why);
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
  auto fd = dial_tcp(parts_.config.replication.listen, parts_.config.replication.peer);
  if (!fd) return;
  auto channel = channels_->make(std::move(*fd), true);
  if (channel) handshakes_->add_dialled(std::move(*channel));
}

void Node::accept_one() {
  if (!listener_) return;
  UniqueFd fd = accept_tcp(listener_.get());
  if (!fd) return;
  const Endpoint& peer = parts_.config.replication.peer;
  const bool from_peer = comes_from(fd.get(), peer);
  auto channel = channels_->make(std::move(fd), false);
  if (!channel) return;
  if (!from_peer)
    return refuse_connection(**channel, "only " + peer.address + " (replication.peer) may connect here");
  handshakes_->add_accepted(std::move(*channel));
}

std::string Node::mismatch(const wire::Hello& theirs) const {
  const std::string& wanted = parts_.config.replication.peer_name;
  if (const std::string name = wire::text_of(theirs.node); !wanted.empty() && name != wanted)
    return "the peer is node '" + name + "'; expected '" + wanted + "' (replication.peer_name)";
  return standby::mismatch(pair_->hello(), theirs);
}

// TCP alone makes no pair: the standby would blame the active for heartbeats that can never arrive.
void Node::meet_if_any() {
  constexpr Nanos kBeatFresh = 500ms;
  constexpr Nanos kBeatPatience = 1s;
  accept_one();
  if (auto met = handshakes_->advance()) {
    if (const std::string why = mismatch(met->theirs); !why.empty())
      return refuse_connection(*met->channel, why);
    if (const auto secret = met->channel->secret()) heartbeats_->trust(*secret);
    if (!met_) met_at_ = parts_.clock.now();
    met_ = std::move(met);
  }
  if (!met_) return;
  const Instant now = parts_.clock.now();
  if (peer_beat_at_ != Instant{} && now - peer_beat_at_ < kBeatFresh) {
    Met met = std::move(*met_);
    met_.reset();
    return join(std::move(met));
  }
  if (now - met_at_ < kBeatPatience) return;
  const Endpoint& peer = parts_.config.replication.peer;
  refuse_connection(*met_->channel, "TCP works, but no heartbeat came from " + peer.address + ":" +
                                        std::to_string(peer.port) +
                                        "; check replication.peer on both nodes and that UDP passes");
  met_.reset();
}

// Where both dialled at once, both keep the connection that the smaller name dialled. Two that led, each by
// its own record, have both answered for the service addresses: clients learn anew where they are.
void Node::join(Met met) {
  const std::string name = wire::text_of(met.theirs.node);
  if (link_ && name == peer_ && parts_.clock.now() - link_->since() < 1s &&
      met.dialled_by_me != link_->dialled_by_me() && met.dialled_by_me != (parts_.config.profile.name < name))
    return;
  if (link_) close_link("replaced by a new connection");
  link_ = std::make_unique<Link>(std::move(met.channel), met.dialled_by_me, parts_.clock);
  peer_ = name;
  spdlog::info("met {} ({}), build {}", name, met.dialled_by_me ? "dialled" : "accepted",
               wire::text_of(met.theirs.build));
  dial_pause_ = Nanos(0);
  pair_->connected(*link_, met.theirs);
  if (machine().leads() && met.theirs.state == wire::NodeState::leading) parts_.dataplane.announce();
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
