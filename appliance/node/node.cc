#include "appliance/node/node.h"

#include <algorithm>

#include <sys/eventfd.h>

#include <poll.h>
#include <spdlog/spdlog.h>

#include "appliance/node/link.h"
#include "base/thread.h"

#ifndef STILLWATER_VERSION
#error "the build passes the version"
#endif

namespace stillwater::appliance {
namespace {

constexpr std::size_t kStagingBytes = 16u << 20;
constexpr std::size_t kReservedBytes = 32u << 20;
constexpr int kPriority = 20;
constexpr Nanos kDialInterval = 100ms;
constexpr Nanos kDialPauseMax = 2s;
constexpr Nanos kIdleWait = 20ms;
constexpr Nanos kPublishInterval = 10ms;

engine::Policy policy_from(const CheckpointConfig& c) {
  engine::Policy policy;
  policy.interval = c.interval;
  policy.min_interval = c.min_interval;
  policy.quiesce_timeout = c.quiesce_timeout;
  policy.dirty_bytes = c.dirty_bytes;
  policy.soft_interval = c.soft_interval;
  policy.soft_bytes = c.soft_bytes;
  return policy;
}

}  // namespace

Node::Node(const Parts& parts)
    : parts_(parts),
      detector_(parts.config.replication.failure_timeout, parts.config.replication.heartbeat_interval),
      policy_(policy_from(parts.config.checkpoint)),
      request_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Node::~Node() { stop(); }

Result<std::unique_ptr<Node>> Node::create(const Parts& parts) {
  std::unique_ptr<Node> node(new Node(parts));
  return node->open().map([&] { return std::move(node); });
}

Status Node::open() {
  auto staging = engine::Staging::create(kStagingBytes);
  if (!staging) return tl::unexpected(staging.error());
  auto reserved = standby::ReservedBuffer::create(kReservedBytes);
  if (!reserved) return tl::unexpected(reserved.error());
  reserved_ = std::make_unique<standby::ReservedBuffer>(std::move(*reserved));

  std::vector<region::WorkerMarks*> marks;
  for (unsigned w = 0; w < parts_.dataplane.workers(); ++w) marks.push_back(&parts_.dataplane.marks(w));
  tracker_ = std::make_unique<trackers::BarrierTracker>(parts_.region, std::move(marks));
  engine_ = std::make_unique<engine::Engine>(
      engine::Engine::Parts{parts_.region, *tracker_, parts_.dataplane.barrier(), parts_.epochs, parts_.clock,
                            std::move(*staging)},
      policy_);
  receiver_ = std::make_unique<standby::Receiver>(parts_.region, *reserved_, std::vector<region::Extent>{});
  handshakes_ = std::make_unique<Handshakes>(
      parts_.clock, [this] { return my_hello(); }, [this](const std::string& why) { refused(why); });

  const ReplicationConfig& replication = parts_.config.replication;
  if (!replication.enabled) return {};
  auto listener = listen_tcp(replication.listen);
  if (!listener) return tl::unexpected(listener.error());
  listener_ = std::move(*listener);
  auto udp = udp_pair(replication.listen, replication.peer);
  if (!udp) return tl::unexpected(udp.error());
  heartbeats_ = std::make_unique<Heartbeats>(std::move(*udp), parts_.config.profile.name,
                                             replication.heartbeat_interval, parts_.clock,
                                             [this] { return parts_.region.region_now(); });
  return {};
}

void Node::start() {
  parts_.dataplane.barrier().set_discard(true);
  thread_ = std::thread([this] { run(); });
}

void Node::stop() {
  stopping_ = true;
  parts_.epochs.wake();
  if (thread_.joinable()) thread_.join();
}

bool Node::leading() const { return role_ == standby::Role::active || role_ == standby::Role::standalone; }

void Node::run() {
  name_this_thread("sw-replication");
  if (Status s = make_this_thread_realtime(kPriority); !s)
    spdlog::warn("{}: failures may be detected late, or falsely under load", s.error().message);
  if (parts_.config.replication.enabled) start_looking_for_peer("just started");
  if (!parts_.config.replication.enabled) start_empty("a lone node: no replication is configured");
  while (!stopping_ && !failed_) {
    wait_for_events();
    read_heartbeats();
    meet_if_any();
    read_connection();
    if (leading())
      lead_turn();
    else
      follow_turn();
    run_requests();
    dial_if_alone();
    if (parts_.clock.now() - published_ >= kPublishInterval) publish();
  }
  if (leading() && !failed_) hand_over();
  fall_silent();
  run_requests();
}

void Node::wait_for_events() {
  std::vector<pollfd> fds = {{request_fd_.get(), POLLIN, 0}, {parts_.epochs.wake_fd(), POLLIN, 0}};
  if (listener_) fds.push_back({listener_.get(), POLLIN, 0});
  if (heartbeats_) fds.push_back({heartbeats_->fd(), POLLIN, 0});
  if (link_) fds.push_back({link_->fd(), POLLIN, 0});
  handshakes_->append_to(fds);

  const Instant now = parts_.clock.now();
  Instant until = now + kIdleWait;
  if (leading() && engine_->has_standby() && !engine_->awaiting_ack())
    until = std::min(until, engine_->ask_again_at(now));
  if (link_ || role_ == standby::Role::standby) until = std::min(until, detector_.look_again_at());
  const Nanos wait = std::max(until - now, Nanos(0));
  const timespec timeout{0, static_cast<long>(wait.count())};
  ppoll(fds.data(), fds.size(), &timeout, nullptr);
  for (int i = 0; i < 2; ++i) {
    std::uint64_t count = 0;
    if ((fds[i].revents & POLLIN) != 0) [[maybe_unused]]
      const auto drained = read(fds[i].fd, &count, sizeof(count));
  }
}

// Only a sign of life in the other's role counts: a standby listens for a leader of its term or a later one,
// a leader for the node that follows it.
void Node::read_heartbeats() {
  if (!heartbeats_) return;
  while (const auto beat = heartbeats_->receive()) {
    const Instant now = parts_.clock.now();
    peer_beat_at_ = now;
    peer_term_ = std::max(peer_term_, beat->term);
    const bool peer_leads = beat->state == wire::NodeState::leading;
    if (peer_leads) peer_led_at_ = now;
    if (leading() && (beat->state == wire::NodeState::standby || beat->state == wire::NodeState::syncing))
      detector_.heard(now);
    if (!leading() && peer_leads && beat->term >= receiver_->term()) {
      detector_.heard(now);
      region_now_heard_ = Nanos(beat->region_now_ns);
      region_time_heard_at_ = now;
    }
  }
}

void Node::read_connection() {
  for (unsigned reads = 0; link_ && reads < 64; ++reads) {
    std::byte chunk[512];
    const std::span<std::byte> into = leading() ? std::span(chunk) : receiver_->space();
    const auto got = receive_some(link_->fd(), into);
    if (!got) return lost_connection(got.error().message);
    if (*got == 0) return;
    const Status done = leading() ? leader_received(into.first(*got)) : follower_received(*got);
    if (done) continue;
    refused(done.error().message);
    [[maybe_unused]] const Status told = link_->send(wire::make_refusal(done.error().message));
    return lost_connection("closed: " + done.error().message);
  }
}

// A leader does not dial, unless it hears of another one: then the two must meet to find out who stays.
void Node::dial_if_alone() {
  const Instant now = parts_.clock.now();
  if (!parts_.config.replication.enabled || link_ || met_ || now < next_dial_ || handshakes_->dialling())
    return;
  if (leading() && (peer_led_at_ == Instant{} || now - peer_led_at_ > 1s)) return;
  next_dial_ = now + std::max(kDialInterval, dial_pause_);
  auto fd = dial_tcp(parts_.config.replication.listen, parts_.config.replication.peer);
  if (fd) handshakes_->add_dialled(std::move(*fd));
}

void Node::accept_one() {
  if (!listener_) return;
  UniqueFd fd = accept_tcp(listener_.get());
  if (!fd) return;
  const Endpoint& peer = parts_.config.replication.peer;
  if (!comes_from(fd.get(), peer))
    return refuse_connection(fd, "only " + peer.address + " (replication.peer) may connect here");
  handshakes_->add_accepted(std::move(fd));
}

// TCP alone makes no pair: the standby would blame the active for heartbeats that can never arrive.
void Node::meet_if_any() {
  constexpr Nanos kBeatFresh = 500ms;
  constexpr Nanos kBeatPatience = 1s;
  accept_one();
  if (auto met = handshakes_->advance()) {
    const standby::Meeting meeting = standby::meet(my_hello(), met->theirs);
    if (meeting.verdict == standby::Verdict::refuse) return refuse_connection(met->fd, meeting.reason);
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
  refuse_connection(met_->fd, "TCP works, but no heartbeat came from " + peer.address + ":" +
                                  std::to_string(peer.port) +
                                  "; check replication.peer on both nodes and that UDP passes");
  met_.reset();
}

void Node::refuse_connection(const UniqueFd& fd, const std::string& why) {
  refused(why);
  [[maybe_unused]] const Status told =
      send_all(fd.get(), wire::make_refusal(why), parts_.clock, parts_.clock.now());
}

// Both nodes see the same two hellos and come to matching verdicts. Where both dialled at once, both keep the
// connection that the smaller name dialled.
void Node::join(Met met) {
  const wire::Hello mine = my_hello();
  const std::string name = wire::text_of(met.theirs.node);
  const standby::Meeting meeting = standby::meet(mine, met.theirs);
  if (link_ && name == peer_ && parts_.clock.now() - link_->since() < 1s &&
      met.dialled_by_me != link_->dialled_by_me() && met.dialled_by_me != (parts_.config.profile.name < name))
    return;
  if (link_) lost_connection("replaced by a new connection");
  peer_term_ = std::max(peer_term_, met.theirs.term);
  link_ = std::make_unique<Link>(std::move(met.fd), met.dialled_by_me, parts_.clock);
  peer_ = name;
  detector_.start(parts_.clock.now());
  spdlog::info("met {} ({}), build {}", name, met.dialled_by_me ? "dialled" : "accepted",
               wire::text_of(met.theirs.build));
  dial_pause_ = Nanos(0);
  switch (meeting.verdict) {
    case standby::Verdict::lead:
      return lead();
    case standby::Verdict::follow:
      return follow();
    case standby::Verdict::take_over: {
      take_over(peer_ + " has restarted and lost its state", Proof::its_own_word);
      if (leading()) lead();
      return;
    }
    case standby::Verdict::step_down: {
      spdlog::warn("stepping down: {}", meeting.reason);
      if (Status done = step_down(); !done) return fail_node(done.error().message);
      return follow();
    }
    case standby::Verdict::refuse:
      return;
  }
}

void Node::lost_connection(const std::string& why) {
  if (!link_) return;
  spdlog::warn("replication connection to {} ended: {}", peer_, why);
  link_.reset();
  next_dial_ = parts_.clock.now() + kDialInterval;
  if (leading()) {
    engine_->standby_lost();
    set_role(standby::Role::standalone, "no standby: " + why);
  } else {
    roll_back_partial_epoch();
    if (receiver_->in_sync())
      set_role(standby::Role::standby, "connection to the active ended: " + why);
    else
      start_looking_for_peer(why);
  }
}

void Node::start_looking_for_peer(const std::string& why) {
  looking_since_ = parts_.clock.now();
  set_role(standby::Role::starting, "looking for the peer: " + why);
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
  if (role_ == standby::Role::starting) set_role(role_, "looking for the peer; refused: " + why);
  publish();
}

void Node::fail_node(const std::string& why) {
  set_role(standby::Role::failed, why);
  failed_ = true;
}

wire::Hello Node::my_hello() const {
  const region::RegionHeader& header = parts_.region.header();
  wire::Hello hello{};
  hello.node = wire::padded<64>(parts_.config.profile.name);
  hello.build = wire::padded<32>(STILLWATER_VERSION);
  hello.region_id = header.region_id;
  hello.layout_digest = header.layout_digest;
  hello.service_digest = parts_.config.service_digest();
  hello.region_bytes = header.size_bytes;
  hello.term = header.term;
  hello.committed_epoch = leading() ? engine_->committed() : receiver_->committed();
  hello.region_format = header.format_version;
  hello.state = standby::wire_state(role_);
  hello.prefers_to_lead = parts_.config.profile.role == InitialRole::active ? 1 : 0;
  return hello;
}

void Node::set_role(standby::Role role, const std::string& reason) {
  if (role != role_ || reason != role_reason_) spdlog::info("role {}: {}", standby::name_of(role), reason);
  role_ = role;
  role_reason_ = reason;
  publish();
}

void Node::publish() {
  published_ = parts_.clock.now();
  const std::uint64_t term = parts_.region.header().term;
  const std::uint64_t committed = leading() ? engine_->committed() : receiver_->committed();
  if (heartbeats_) {
    heartbeats_->content().state = standby::wire_state(role_);
    heartbeats_->content().term = term;
    heartbeats_->content().epoch = committed;
  }
  const std::lock_guard lock(mutex_);
  view_ = {.role = role_,
           .role_reason = role_reason_,
           .term = term,
           .committed_epoch = committed,
           .peer = link_ ? peer_ : std::string(),
           .sync_progress = leading() ? sync_progress_ : receiver_->sync_progress(),
           .epochs_followed = epochs_followed_,
           .refused = refused_ + (heartbeats_ ? heartbeats_->refused() : 0),
           .last_refusal = last_refusal_,
           .last_takeover = last_takeover_};
}

NodeView Node::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace stillwater::appliance
