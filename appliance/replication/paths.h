// The ways to the peer: one or two cables, on each a listening socket and heartbeats; state goes over one of
// them. And others that carry heartbeats alone: further addresses, and data ports.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>

#include "appliance/config/config.h"
#include "appliance/replication/heartbeats.h"

namespace stillwater::appliance {

// One thread, but for `say` and `trust`.
class Paths {
 public:
  // Heartbeats go out from here on. `region_now` is called on their threads. Errors: io, naming the address.
  [[nodiscard]] static Result<std::unique_ptr<Paths>> open(const ReplicationConfig& config,
                                                           const std::string& node, const Clock& clock,
                                                           standby::Lease& lease,
                                                           const std::function<Nanos()>& region_now);

  // On all paths.
  void say(const wire::Heartbeat& content);
  void trust(const ConnectionSecret& secret);

  // The next heartbeat of the peer, by whichever path it came. One that says no more than what came by
  // another path before is passed over, but its path counts as alive.
  [[nodiscard]] std::optional<ReceivedBeat> take();
  // When the newest was sent of those heartbeats that were refused since the last call (see Heartbeats), on
  // paths where the peer was heard before: anybody may have no such port.
  [[nodiscard]] std::optional<Instant> take_refusal();
  // The peer was heard there within `age`.
  [[nodiscard]] bool heard(std::size_t path, Instant now, Nanos age) const;
  [[nodiscard]] std::uint64_t refused() const;

  [[nodiscard]] std::size_t count() const { return paths_.size(); }
  [[nodiscard]] const PathConfig& config(std::size_t path) const { return paths_[path].config; }
  // The first on which the peer is heard now; else where it was heard last; else each in turn.
  [[nodiscard]] std::size_t to_dial(Instant now);

  void append_to(std::vector<pollfd>& to) const;
  // Ways that carry heartbeats alone, as people call them, and whether the peer was heard there within `age`.
  [[nodiscard]] std::vector<std::pair<std::string, bool>> others(Instant now, Nanos age) const;
  // The listening sockets.
  [[nodiscard]] std::vector<int> files() const;
  struct Accepted {
    UniqueFd fd;
    std::size_t path;
    bool from_peer;  // else from an address that is not the peer's
  };
  [[nodiscard]] std::optional<Accepted> accept_one();

 private:
  struct Way {
    std::string name;
    std::unique_ptr<Heartbeats> heartbeats;
    Instant heard_at{};
  };
  struct Path : Way {
    PathConfig config;
    UniqueFd listener;
  };
  void for_each(const std::function<void(Way&)>& act);
  [[nodiscard]] bool is_news(const wire::Heartbeat& beat);

  std::vector<Path> paths_;
  std::vector<Way> others_;
  Instant newest_stamp_{};  // the peer's clock
  std::size_t last_dialled_ = 0;
  Nanos lately_{};
};

}  // namespace stillwater::appliance
