// What others see of the node: log lines, heartbeats' content, the published view.
#include <spdlog/spdlog.h>

#include "appliance/node/link.h"
#include "appliance/node/node.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kSyncPublishInterval = 10ms;

}  // namespace

void Node::said(Severity severity, const std::string& text) {
  const auto level = severity == Severity::info      ? spdlog::level::info
                     : severity == Severity::warning ? spdlog::level::warn
                                                     : spdlog::level::err;
  spdlog::log(level, "{}", text);
}

// The replication thread is in the sync until it ends: between its batches others see how far it is, from the
// first on, since the next may wait long for a peer that does not read. Only this thread writes the view.
void Node::sync_progress(std::uint64_t) {
  if (!view_.sync || parts_.clock.now() - published_ >= kSyncPublishInterval) publish();
}

std::optional<SyncProgress> Node::sync_under_way() {
  const engine::Mirror& mirror = pair_->engine().mirror();
  if (machine().leads() && !mirror.is_valid() && mirror.state() == engine::MirrorState::brownout)
    return sync_meter_.look(published_, mirror.round(), mirror.left_bytes());
  sync_meter_.forget();
  return std::nullopt;
}

// A copy that no standby has acknowledged is whole once the blackout began.
double Node::share_mirrored() const {
  if (!machine().leads()) return pair_->receiver().sync_progress();
  const engine::Mirror& mirror = pair_->engine().mirror();
  if (mirror.is_valid() || mirror.state() > engine::MirrorState::brownout) return 1;
  if (mirror.state() != engine::MirrorState::brownout) return 0;
  return 1 - static_cast<double>(mirror.left_bytes()) / static_cast<double>(parts_.region.size());
}

void Node::says(const wire::Heartbeat& content) {
  said_ = content;
  if (!paths_) return;
  wire::Heartbeat whole = content;
  whole.penalty = health_->penalty();
  if (health_->leader_is_mute()) whole.flags |= wire::kPeerIsMute;
  paths_->say(whole);
}

// "1 carries state, 2 heard"; empty on a lone node.
std::string Node::paths_text() const {
  std::string text;
  const Instant now = parts_.clock.now();
  for (std::size_t i = 0; paths_ && i < paths_->count(); ++i) {
    const bool heard = paths_->heard(i, now, parts_.config.replication.failure_timeout);
    const char* what = link_ && link_->path() == i ? "carries state" : heard ? "heard" : "silent";
    text += (text.empty() ? "" : ", ") + std::to_string(i + 1) + " " + what;
  }
  if (!paths_) return text;
  for (const auto& [name, heard] : paths_->others(now, parts_.config.replication.failure_timeout))
    text += ", " + name + (heard ? " heard" : " silent");
  return text;
}

// "generation 7 built", "generation 7 not built yet", "cannot build generation 7: WHY".
std::string Node::peer_config() const {
  if (!machine().leads() || !link_) return {};
  const standby::ConfigExchange& config = pair_->config();
  const std::string generation = "generation " + std::to_string(config.generation());
  if (!config.peer_refusal().empty()) return "cannot build " + generation + ": " + config.peer_refusal();
  return generation + (config.peer_is_ready() ? " built" : " not built yet");
}

// A peer that is not filled for that reason would be said to be still filled.
std::string Node::cannot_fail_over_because() const {
  if (machine().phase() == standby::Phase::standalone && !pair_->config().peer_refusal().empty())
    return peer_ + " " + peer_config();
  return machine().cannot_fail_over_because(published_);
}

void Node::publish() {
  published_ = parts_.clock.now();
  publications_.fetch_add(1, std::memory_order_relaxed);
  const bool failed = !pair_->failure().empty();
  const standby::Role role = failed ? standby::Role::failed : machine().role();
  const std::string reason = failed ? pair_->failure() : machine().why();
  if (role != said_role_ || reason != said_reason_)
    spdlog::log(failed ? spdlog::level::critical : spdlog::level::info, "role {}: {}", standby::name_of(role),
                reason);
  said_role_ = role;
  said_reason_ = reason;
  const std::optional<SyncProgress> sync = sync_under_way();
  const std::lock_guard lock(mutex_);
  view_ = {.role = role,
           .role_reason = operator_quiesce_until_
                              ? "QUIESCED by an operator: no packet is forwarded; " + reason
                              : reason,
           .term = machine().term(),
           .committed_epoch = pair_->committed(),
           .peer = link_ ? peer_ : std::string(),
           .link_protection = link_ ? link_->channel().protection() : std::string(),
           .paths = paths_text(),
           .cannot_fail_over_because = cannot_fail_over_because(),
           .record = machine().record(),
           .sync_progress = share_mirrored(),
           .sync = sync,
           .epochs_followed = pair_->epochs_followed(),
           .refused = refused_ + (paths_ ? paths_->refused() : 0),
           .last_refusal = last_refusal_,
           .last_takeover = pair_->last_takeover(),
           .standbys_lost = pair_->standbys_lost(),
           .mirror = machine().leads() ? pair_->engine().mirror().text() : std::string(),
           .health = health_ ? health_->text() : std::string(),
           .stuck = health_ ? health_->stuck() : std::string(),
           .peer_penalty = peer_penalty_,
           .config_generation = pair_->config().generation(),
           .peer_config = peer_config(),
           .pause_warning = pause_warning_};
}

bool Node::leads() const {
  const std::lock_guard lock(mutex_);
  return view_.role == standby::Role::active || view_.role == standby::Role::standalone;
}

NodeView Node::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace stillwater::appliance
