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
  std::uint8_t number = 0;
  const auto beating = [&](const std::string& name, std::unique_ptr<BeatSocket> socket) {
    const Heartbeats::Options options{node, number++, config.heartbeat_interval, trust};
    return Way{name, std::make_unique<Heartbeats>(options, std::move(socket), clock, lease, region_now)};
  };
  for (const PathConfig& path : config.paths) {
    auto listener = listen_tcp(path.listen);
    if (!listener) return tl::unexpected(listener.error());
    auto socket = udp_beats(path);
    if (!socket) return tl::unexpected(socket.error());
    made->paths_.push_back({beating("", std::move(*socket)), path, std::move(*listener)});
  }
  for (const PathConfig& path : config.heartbeat_paths) {
    auto socket = udp_beats(path);
    if (!socket) return tl::unexpected(socket.error());
    made->others_.push_back(beating(path.peer.address, std::move(*socket)));
  }
  for (const HeartbeatPort& port : config.heartbeat_ports) {
    auto socket = link_beats(port);
    if (!socket) return tl::unexpected(socket.error());
    made->others_.push_back(beating("port " + port.name, std::move(*socket)));
  }
  return made;
}

void Paths::for_each(const std::function<void(Way&)>& act) {
  for (Path& path : paths_) act(path);
  for (Way& way : others_) act(way);
}

void Paths::say(const wire::Heartbeat& content) {
  for_each([&](Way& way) { way.heartbeats->say(content); });
}

void Paths::trust(const ConnectionSecret& secret) {
  for_each([&](Way& way) { way.heartbeats->trust(secret); });
}

bool Paths::is_news(const wire::Heartbeat& beat) {
  const Instant stamp(beat.stamp_ns);
  if (stamp <= newest_stamp_ && newest_stamp_ - stamp < kClockBeganAnew) return false;
  newest_stamp_ = stamp;
  return true;
}

std::optional<ReceivedBeat> Paths::take() {
  std::optional<ReceivedBeat> news;
  for_each([&](Way& way) {
    while (!news) {
      const auto beat = way.heartbeats->take();
      if (!beat) return;
      way.heard_at = beat->at;
      if (is_news(beat->beat)) news = beat;
    }
  });
  return news;
}

std::optional<Instant> Paths::take_refusal() {
  std::optional<Instant> newest;
  for_each([&](Way& way) {
    if (const auto at = way.heartbeats->take_refusal(); at && way.heard_at != Instant{})
      newest = std::max(newest.value_or(Instant{}), *at);
  });
  return newest;
}

std::vector<std::pair<std::string, bool>> Paths::others(Instant now, Nanos age) const {
  std::vector<std::pair<std::string, bool>> heard;
  for (const Way& way : others_)
    heard.emplace_back(way.name, way.heard_at != Instant{} && now - way.heard_at < age);
  return heard;
}

bool Paths::heard(std::size_t path, Instant now, Nanos age) const {
  const Instant at = paths_[path].heard_at;
  return at != Instant{} && now - at < age;
}

std::uint64_t Paths::refused() const {
  std::uint64_t sum = 0;
  for (const Path& path : paths_) sum += path.heartbeats->refused();
  for (const Way& way : others_) sum += way.heartbeats->refused();
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
