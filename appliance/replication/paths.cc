#include "appliance/replication/paths.h"

#include <algorithm>
#include <utility>

#include "appliance/replication/socket.h"

namespace stillwater::appliance {
namespace {

// A stamp this much older is of a peer whose host has started anew, not of a slower path.
constexpr Nanos kClockBeganAnew = 1s;
constexpr Nanos kHeardOnce = 1s;  // past this a path where the peer was heard is no better than another

}  // namespace

Result<std::unique_ptr<Paths>> Paths::open(const ReplicationConfig& config, const std::string& node,
                                           const Clock& clock, standby::Lease& lease,
                                           const std::function<Nanos()>& region_now) {
  auto made = std::make_unique<Paths>();
  made->lately_ = config.failure_timeout / 4;
  const auto trust =
      config.tls == Tls::required ? Heartbeats::Trust::authenticated : Heartbeats::Trust::anybody;
  for (const PathConfig& path : config.paths) {
    auto listener = listen_tcp(path.listen);
    if (!listener) return tl::unexpected(listener.error());
    auto udp = udp_at(path.listen);
    if (!udp) return tl::unexpected(udp.error());
    const auto number = static_cast<std::uint8_t>(made->paths_.size());
    made->paths_.push_back(
        {path, std::move(*listener),
         std::make_unique<Heartbeats>(
             Heartbeats::Options{node, number, config.heartbeat_interval, trust, path.peer}, std::move(*udp),
             clock, lease, region_now)});
  }
  return made;
}

void Paths::say(const wire::Heartbeat& content) {
  for (const Path& path : paths_) path.heartbeats->say(content);
}

void Paths::trust(const ConnectionSecret& secret) {
  for (const Path& path : paths_) path.heartbeats->trust(secret);
}

bool Paths::is_news(const wire::Heartbeat& beat) {
  const Instant stamp(beat.stamp_ns);
  if (stamp <= newest_stamp_ && newest_stamp_ - stamp < kClockBeganAnew) return false;
  newest_stamp_ = stamp;
  return true;
}

std::optional<ReceivedBeat> Paths::take() {
  for (Path& path : paths_)
    while (const auto beat = path.heartbeats->take()) {
      path.heard_at = beat->at;
      if (is_news(beat->beat)) return beat;
    }
  return std::nullopt;
}

std::optional<Instant> Paths::take_refusal() {
  std::optional<Instant> newest;
  for (Path& path : paths_)
    if (const auto at = path.heartbeats->take_refusal(); at && path.heard_at != Instant{})
      newest = std::max(newest.value_or(Instant{}), *at);
  return newest;
}

bool Paths::heard(std::size_t path, Instant now, Nanos age) const {
  const Instant at = paths_[path].heard_at;
  return at != Instant{} && now - at < age;
}

std::uint64_t Paths::refused() const {
  std::uint64_t sum = 0;
  for (const Path& path : paths_) sum += path.heartbeats->refused();
  return sum;
}

std::size_t Paths::to_dial(Instant now) {
  for (std::size_t i = 0; i < paths_.size(); ++i)
    if (heard(i, now, lately_)) return last_dialled_ = i;
  const auto heard_last = std::ranges::max_element(paths_, {}, &Path::heard_at);
  if (heard_last->heard_at != Instant{} && now - heard_last->heard_at < kHeardOnce)
    return last_dialled_ = static_cast<std::size_t>(heard_last - paths_.begin());
  return last_dialled_ = (last_dialled_ + 1) % paths_.size();
}

std::vector<int> Paths::files() const {
  std::vector<int> files;
  for (const Path& path : paths_) files.push_back(path.listener.get());
  return files;
}

void Paths::append_to(std::vector<pollfd>& to) const {
  for (const Path& path : paths_) to.push_back({path.listener.get(), POLLIN, 0});
}

std::optional<Paths::Accepted> Paths::accept_one() {
  for (std::size_t i = 0; i < paths_.size(); ++i)
    if (UniqueFd fd = accept_tcp(paths_[i].listener.get()); fd) {
      const bool from_peer = comes_from(fd.get(), paths_[i].config.peer);
      return Accepted{std::move(fd), i, from_peer};
    }
  return std::nullopt;
}

}  // namespace stillwater::appliance
