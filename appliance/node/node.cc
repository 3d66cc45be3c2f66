#include "appliance/node/node.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include <sys/eventfd.h>

#include <poll.h>
#include <spdlog/spdlog.h>

#include "appliance/node/arbiters.h"
#include "appliance/node/link.h"
#include "appliance/replication/tls_context.h"
#include "base/thread.h"

#ifndef STILLWATER_VERSION
#error "the build passes the version"
#endif

namespace stillwater::appliance {
namespace {

constexpr std::size_t kStagingBytes = 16u << 20;
constexpr std::size_t kReservedBytes = 32u << 20;
constexpr int kPriority = 20;
constexpr Nanos kPublishInterval = 10ms;
constexpr Nanos kLeaveWithin = 500ms;  // the active asks its arbiter, and this node sees the new record
constexpr int kMarginShare = 10;       // of a lease: for the burst in hand, and for clocks of unequal pace

engine::Policy policy_from(const CheckpointConfig& c) {
  engine::Policy policy;
  policy.interval = c.interval;
  policy.min_interval = c.min_interval;
  policy.quiesce_timeout = c.quiesce_timeout;
  policy.dirty_bytes = c.dirty_bytes;
  policy.defer = c.defer;
  policy.defer_packets = c.defer_packets;
  policy.pause_percent = c.pause_percent;
  policy.soft_interval = c.soft_interval;
  policy.soft_bytes = c.soft_bytes;
  policy.digest_budget = c.digest_budget;
  policy.digest_interval = c.digest_interval;
  return policy;
}

template <class T>
T random_bytes() {
  std::random_device entropy;
  std::array<std::uint8_t, sizeof(T)> bytes{};
  std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(entropy()); });
  return std::bit_cast<T>(bytes);
}

standby::RoleOptions roles_of(const Config& config) {
  return {.node = config.profile.name,
          .prefers_to_lead = config.profile.role == InitialRole::active,
          .arbitrated = config.arbiter != ArbiterKind::none,
          .silence_promotes = config.arbiter != ArbiterKind::none || config.prefer == Prefer::availability,
          .lone = !config.replication.enabled,
          .cold_start = config.cold_start,
          .failure_timeout = config.replication.failure_timeout,
          .heartbeat_interval = config.replication.heartbeat_interval,
          .new_region_id = random_bytes<region::RegionId>};
}

wire::Hello identity_of(const Config& config, const region::RegionHeader& header) {
  wire::Hello hello{};
  hello.node = wire::padded<64>(config.profile.name);
  hello.build = wire::padded<32>(STILLWATER_VERSION);
  hello.layout_digest = header.layout_digest;
  hello.service_digest = config.service_digest();
  hello.region_bytes = header.size_bytes;
  hello.region_format = header.format_version;
  hello.prefers_to_lead = config.profile.role == InitialRole::active ? 1 : 0;
  hello.arbitrated = config.arbiter != ArbiterKind::none ? 1 : 0;
  hello.incarnation = random_bytes<std::uint64_t>();
  return hello;
}

}  // namespace

Node::Node(const Parts& parts)
    : parts_(parts),
      forwarding_(parts.dataplane),
      lease_(parts.permit, parts.config.replication.lease, parts.config.replication.lease / kMarginShare),
      lead_hold_(parts.config.hold_down),
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
  for (const Status& locked : {staging->locked(), reserved->locked()})
    if (!locked) spdlog::warn("{}", locked.error().message);
  reserved_ = std::make_unique<standby::ReservedBuffer>(std::move(*reserved));
  if (Status chosen = choose_tracker(); !chosen) return chosen;
  if (Status ready = open_arbiter(); !ready) return ready;
  pair_ = std::make_unique<standby::PairNode>(
      standby::PairNode::Parts{.roles = roles_of(parts_.config),
                               .identity = identity_of(parts_.config, parts_.region.header()),
                               .region = parts_.region,
                               .tracker = *tracker_,
                               .epochs = parts_.epochs,
                               .clock = parts_.clock,
                               .forwarding = forwarding_,
                               .lease = lease_,
                               .arbiter = arbiter_.get(),
                               .staging = std::move(*staging),
                               .reserved = *reserved_,
                               .policy = policy_,
                               .events = *this,
                               .config = &parts_.running});
  handshakes_ = std::make_unique<Handshakes>(
      parts_.clock, [this] { return pair_->hello(); }, [this](const std::string& why) { refused(why); });

  const ReplicationConfig& replication = parts_.config.replication;
  if (!replication.enabled) return {};
  if (Status ready = open_channels(); !ready) return ready;
  auto health = HealthWatch::open(parts_.config, parts_.dataplane);
  if (!health) return tl::unexpected(health.error());
  health_ = std::move(*health);
  return Paths::open(replication, parts_.config.profile.name, parts_.clock, lease_,
                     [this] { return parts_.region.region_now(); })
      .map([this](std::unique_ptr<Paths> opened) { paths_ = std::move(opened); });
}

Status Node::open_channels() {
  const ReplicationConfig& replication = parts_.config.replication;
  if (replication.tls == Tls::none) {
    channels_ = std::make_unique<PlainChannels>();
    return {};
  }
  auto context = TlsContext::create({.ca = replication.tls_ca,
                                     .certificate = replication.tls_certificate,
                                     .key = replication.tls_key,
                                     .node = parts_.config.profile.name,
                                     .peer = replication.peer_name},
                                    [](const std::string& why) { spdlog::warn("{}", why); });
  if (!context) return tl::unexpected(context.error());
  channels_ = std::move(*context);
  return {};
}

Status Node::open_arbiter() {
  auto opened = arbiter_of(parts_.config);
  if (!opened) return tl::unexpected(opened.error());
  arbiter_ = std::move(*opened);
  return {};
}

Status Node::choose_tracker() {
  for (const trackers::Availability& tracker : trackers::probe())
    if (!tracker.usable)
      spdlog::info("no dirty tracker {}: {}", tracker.name, tracker.usable.error().message);
  trackers::Marks marks;
  for (unsigned w = 0; w < parts_.dataplane.workers(); ++w) marks.push_back(&parts_.dataplane.marks(w));
  const CheckpointConfig& checkpoint = parts_.config.checkpoint;
  auto made =
      checkpoint.verify
          ? trackers::make_verified(parts_.region, marks,
                                    [this](const trackers::UnmarkedWrite& write) { report_unmarked(write); })
          : trackers::make_tracker(checkpoint.tracker, parts_.region, marks,
                                   [](const std::string& why) { spdlog::warn("{}", why); });
  if (!made) return tl::unexpected(made.error());
  tracker_ = std::move(*made);
  spdlog::info("dirty tracker: {}", tracker_->name());
  return {};
}

// Called in a blackout: one line a page and minute is said, all are counted.
void Node::report_unmarked(const trackers::UnmarkedWrite& write) {
  ++unmarked_writes_;
  if (!unmarked_said_.let_through(std::to_string(write.page), parts_.clock.now())) return;
  spdlog::error(
      "bug: unmarked write in epoch {}: line {:#x} of page {:#x} of the region changed, and no checkpoint "
      "carries it",
      parts_.epochs.current(), write.line, write.page);
}

void Node::start() {
  parts_.dataplane.barrier().set_discard(true);
  const std::vector<int> listening = paths_ ? paths_->files() : std::vector<int>();
  thread_ = std::thread([this] { run(); });
  files_.wait_and_leave(listening);
}

void Node::stop() {
  stopping_ = true;
  parts_.epochs.wake();
  if (thread_.joinable()) thread_.join();
}

void Node::run() {
  files_.take();
  name_this_thread("sw-replication");
  if (Status s = make_this_thread_realtime(kPriority); !s)
    spdlog::warn("{}: failures may be detected late, or falsely under load", s.error().message);
  while (!stopping_ && !failed_) turn();
  if (!failed_) hand_over();
  if (!failed_) leave_the_set();
  fall_silent();
  run_requests();
}

void Node::turn() {
  wait_for_events();
  read_heartbeats();
  leave_silent_path();
  if (!leaving_) meet_if_any();
  read_connection();
  pair_->turn();
  watch_headroom();
  watch_health();
  watch_lead();
  run_requests();
  if (!leaving_) dial_if_alone();
  if (!pair_->failure().empty()) failed_ = true;
  if (parts_.clock.now() - published_ >= kPublishInterval || failed_ || machine().role() != said_role_)
    publish();
}

void Node::wait_for_events() {
  std::vector<pollfd> fds = {{request_fd_.get(), POLLIN, 0}, {parts_.epochs.wake_fd(), POLLIN, 0}};
  if (paths_ && !leaving_) paths_->append_to(fds);
  if (link_) fds.push_back({link_->channel().fd(), POLLIN, 0});
  if (arbiter_) fds.push_back({arbiter_->wake_fd(), POLLIN, 0});
  handshakes_->append_to(fds);

  const bool has_more = handshakes_->has_more() || (link_ && link_->channel().has_more());
  const Nanos wait = has_more ? Nanos(0) : std::max(pair_->wake_at() - parts_.clock.now(), Nanos(0));
  const timespec timeout{0, static_cast<long>(wait.count())};
  ppoll(fds.data(), fds.size(), &timeout, nullptr);
  for (int i = 0; i < 2; ++i) {
    std::uint64_t count = 0;
    if ((fds[i].revents & POLLIN) != 0) [[maybe_unused]]
      const auto drained = read(fds[i].fd, &count, sizeof(count));
  }
}

void Node::read_heartbeats() {
  if (!paths_) return;
  while (const auto received = paths_->take()) {
    peer_process_ = received->beat.incarnation;
    if (received->beat.state == wire::NodeState::leading) peer_led_at_ = received->at;
    peer_penalty_ = received->beat.penalty;
    peer_says_mute_ = (received->beat.flags & wire::kPeerIsMute) != 0;
    pair_->beat(received->beat, received->at);
  }
  if (const auto sent = paths_->take_refusal()) pair_->beat_refused(*sent);
}

// A pause that outlasts what the receive rings hold at the present rate loses packets.
void Node::watch_headroom() {
  longest_blackout_ = std::max(longest_blackout_, pair_->engine().last_sample().blackout);
  const Instant now = parts_.clock.now();
  if (!machine().leads() || now - headroom_seen_ < quiesce::ReceiveRate::kWindow) return;
  headroom_seen_ = now;
  parts_.dataplane.sample_rates();
  const Nanos blackout = std::exchange(longest_blackout_, Nanos(0));
  const auto port = parts_.dataplane.tightest_port();
  pause_warning_.clear();
  if (!port || !quiesce::is_near(blackout, port->rx_headroom)) return;
  pause_warning_ = "a checkpoint paused for " + std::to_string(std::llround(milliseconds(blackout) * 1000)) +
                   " us; port " + port->name + " absorbs " +
                   std::to_string(std::llround(milliseconds(*port->rx_headroom) * 1000)) + " us";
  if (pauses_said_.let_through(port->name, now))
    spdlog::warn(
        "{}: {} packets in its rings at {:.0f} packets/s; enlarge rx_descriptors (af_packet: framecnt), "
        "or lower checkpoint.dirty_bytes",
        pause_warning_, port->rx_ring_packets, port->rx_packets_per_s);
}

// Who leads may have changed; by preference it may be this node's turn to hand over.
void Node::watch_lead() {
  const Instant now = parts_.clock.now();
  if (const auto& record = machine().record(); record && record->active != last_leader_) {
    if (!last_leader_.empty()) lead_hold_.lead_changed(now);
    last_leader_ = record->active;
  }
  watch_switchover();
  hand_over_to_the_fitter();
  const bool prefers = parts_.config.profile.role == InitialRole::active;
  if (!parts_.config.preempt || prefers || !machine().peer_prefers_to_lead()) return;
  if (machine().phase() != standby::Phase::active || operator_quiesce_until_ || lead_hold_.left(now) > 0ns)
    return;
  if (peer_penalty_ > health_->penalty()) return;
  spdlog::info("{} is in sync and preferred: handing over", peer_);
  begin_switchover(false, {});
}

// A planned stop: the last epoch is committed with the workers quiesced, then the record names the standby.
void Node::hand_over() {
  if (operator_quiesce_until_) end_operator_quiesce("the node stops");
  if (machine().phase() != standby::Phase::active) return;
  if (Status begun = pair_->hand_over(); !begun)
    return spdlog::warn("stopping without a hand-over: {}", begun.error().message);
  const Instant deadline = parts_.clock.now() + 1s;
  const auto goes_on = [this] {
    return machine().phase() == standby::Phase::handing || pair_->brings_waiting();
  };
  while (goes_on() && !failed_ && parts_.clock.now() < deadline) turn();
  if (machine().phase() == standby::Phase::standby)
    spdlog::info("handed over to {} at epoch {}", peer_, pair_->committed());
  else
    spdlog::warn("stopping without a hand-over: {}", machine().why());
}

// The active is told that this standby stops, and goes on by its grants until it has taken it out of the set.
void Node::leave_the_set() {
  if (machine().phase() != standby::Phase::standby) return;
  leaving_ = true;
  pair_->say_goodbye();
  const Instant deadline = parts_.clock.now() + kLeaveWithin;
  while (machine().phase() == standby::Phase::standby && !failed_ && parts_.clock.now() < deadline) turn();
}

// The end of the thread, and of its own files: first the ports fall silent, then the peer is told, so that it
// need not wait.
void Node::fall_silent() {
  lease_.fall_silent();
  quiesce::WorkerBarrier& barrier = parts_.dataplane.barrier();
  for (unsigned attempt = 0; attempt < 10 && !barrier.quiesced(); ++attempt)
    if (Status quiesced = barrier.quiesce(policy_.quiesce_timeout); !quiesced)
      spdlog::warn("{}", quiesced.error().message);
  lease_.stop_granting();
  if (barrier.quiesced()) pair_->say_goodbye();
  link_.reset();
  met_.reset();
  handshakes_.reset();
  paths_.reset();
  if (auto waiter = std::exchange(switchover_waiter_, std::nullopt))
    waiter->set_value(fail(Errc::unavailable, "the node stops"));
  refuse_config_changes({Errc::unavailable, "the node stops"});
}

}  // namespace stillwater::appliance
