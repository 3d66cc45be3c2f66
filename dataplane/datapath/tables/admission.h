// Which new sessions find room: limits of each source, and what gives way in a flood.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/tables/embryonic_list.h"
#include "dataplane/datapath/tables/source_counts.h"

namespace stillwater::dataplane {

// TCP without a complete handshake.
[[nodiscard]] bool is_half_open(region::SessionState state, std::uint8_t protocol);
template <class Key>
[[nodiscard]] bool is_half_open(const region::BasicSession<Key>& session) {
  return is_half_open(session.state, session.forward.protocol);
}

// What of a session counts here, whatever its family.
struct Counted {
  template <class Key>
  Counted(const region::BasicSession<Key>& session)  // NOLINT: a session is meant
      : source(source_id(session.forward)), protocol(session.forward.protocol), state(session.state) {}

  SourceId source;
  std::uint8_t protocol;
  region::SessionState state;
};

// One worker's, of one family and its own shard. Not in the region: a successor counts the sessions that its
// sweep passes, in about a second, and those that it has not passed yet count against nobody; nor do they
// give way. Belongs to one worker's thread, but for forget() and what makes it.
class Admission {
 public:
  static constexpr std::uint32_t kLeastOpeningS = 2;  // a handshake's second SYN comes after one (RFC 6298)

  Admission(const Config& config, std::uint32_t sessions);

  // There was memory to count by source.
  [[nodiscard]] bool is_made() const { return counts_.is_made(); }

  // Whether its limits allow the source a session more. `ended`: one of it, not half open, would end before.
  [[nodiscard]] bool admits(SourceId source, std::uint8_t protocol, std::uint32_t now_s, bool ended) const;

  // What becomes of sessions. `session` is as it was before.
  void opened(std::uint32_t slot, const Counted& session, std::uint32_t now_s);
  void progressed(std::uint32_t slot, const Counted& session);  // it is not opening any more
  void ended(std::uint32_t slot, const Counted& session, std::uint32_t now_s);
  // The sweep passes it.
  template <class Key>
  void found(std::uint32_t slot, const region::BasicSession<Key>& session) {
    if (!counted_[slot]) count(slot, session, false, 0);
  }
  // Whether it was passed, and is not among those that give way.
  [[nodiscard]] bool has_settled(std::uint32_t slot) const { return counted_[slot] && !embryonic_.has(slot); }
  void tidy(std::uint32_t now_s) { counts_.tidy(now_s); }
  // While the worker stands still, or in the first turn of its lead: others led. Costs nothing where nothing
  // was counted, as on a standby.
  void forget();

  // The session that gives way to a new one where the table is full. None: all are established, and stay.
  [[nodiscard]] std::optional<std::uint32_t> gives_way() const { return embryonic_.oldest(); }

  // What is left of the time for a handshake: all of it up to `half_open_max`, and less the more are half
  // open beyond that, down to kLeastOpeningS where they fill the table.
  [[nodiscard]] std::uint32_t opening_timeout_s(std::uint32_t configured_s) const;
  [[nodiscard]] std::uint32_t half_open() const { return half_open_; }

 private:
  void count(std::uint32_t slot, const Counted& session, bool opens, std::uint32_t now_s);

  LimitsConfig limits_;  // this worker's share
  std::uint32_t sessions_;
  EmbryonicList embryonic_;
  std::uint32_t half_open_ = 0;
  SourceCounts counts_;
  bool has_counted_ = false;
  std::vector<bool> counted_;    // by slot: its session was passed here
  std::vector<bool> by_source_;  // by slot: and is in counts_
};

}  // namespace stillwater::dataplane
