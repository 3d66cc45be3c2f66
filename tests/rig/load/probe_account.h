// What a numbered, timestamped stream of datagrams says about the path that it took. Pure: no sockets, no
// clock; the probe's threads fill it and tests feed it made-up runs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace stillwater::rig {

struct ProbeSummary {
  std::uint64_t sent = 0;
  std::uint64_t lost_steady = 0;    // outside the failover window
  std::uint64_t lost_failover = 0;  // inside it
  std::uint64_t duplicated = 0;     // arrivals of a number that had arrived
  std::uint64_t reordered = 0;      // first arrivals of a number below one that had arrived (RFC 4737)
  std::uint64_t unknown = 0;        // arrivals of a number that was never sent
  std::uint64_t corrupted = 0;      // arrivals with wrong bytes, at any time
  double outage_ms = 0;             // see ProbeAccount::summary
  double send_gap_ms = 0;           // longest time between two sends that overlaps the failover window
  bool recovered = true;            // the last probe sent arrived
  Instant window_begin{};           // failover window [begin, end); empty without a fault
  Instant window_end{};
  double delay_us_p50 = 0;  // send to receive, steady part
  double delay_us_p99 = 0;
  double delay_failover_us_p50 = 0;  // of those sent in the failover window
  double delay_failover_us_p99 = 0;
  double delay_after_us_p50 = 0;  // of those sent after it
  double delay_after_us_p99 = 0;
};

// Both directions as one: counts add up; of outage, pause and window, what covers both. Delays are left out:
// they are no sums.
[[nodiscard]] ProbeSummary both_ways(const ProbeSummary& to_server, const ProbeSummary& to_client);

// Not thread-safe: sends and arrivals are recorded in two vectors, so that one thread may record sends while
// another records arrivals; summary() only after both have ended.
class ProbeAccount {
 public:
  struct Arrival {
    std::uint32_t number;
    Instant at;
  };

  // A probe sent this long before the fault may have been inside the node that died.
  static constexpr Nanos kInFlight = 20ms;
  // The failover window reaches at least this far past the fault.
  static constexpr Nanos kSettling = 1s;

  // Room for `probes` sends, so that recording never allocates on the way.
  explicit ProbeAccount(std::size_t probes);

  // Returns the number to put on the wire: 0, 1, 2 ... Only after the datagram's time has been taken.
  std::uint32_t sent(Instant at);
  void arrived(std::uint32_t number, Instant at) { arrivals_.push_back({number, at}); }

  // A datagram came in that is none of ours, byte for byte. The arrivals' thread.
  void corrupted() { ++corrupted_; }

  // Judges the probes sent at or after `from`. A gap is the time between the sends of two probes that
  // arrived while at least one between them did not; one that no arrival ends lasts until the last send.
  // The failover window begins kInFlight before the fault and ends kSettling after it (and after `last`, the
  // last of several), or where the last gap
  // that begins in it ends. `outage_ms` is the longest gap that ends after the fault; without a fault, the
  // longest of all, and `send_gap_ms` likewise. 0: nothing was lost.
  [[nodiscard]] ProbeSummary summary(Instant from, std::optional<Instant> fault,
                                     std::optional<Instant> last = std::nullopt) const;

  // Whether any probe that was sent at or after `from` arrived.
  [[nodiscard]] bool anything_since(Instant from) const;

  // When each number was sent, and everything that arrived, in that order.
  [[nodiscard]] const std::vector<Instant>& sends() const { return sent_; }
  [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }

 private:
  struct Gap {  // [begin, end)
    Instant begin;
    Instant end;
  };
  // Whether each number arrived; fills the counts.
  [[nodiscard]] std::vector<bool> tally_arrivals(std::size_t first, ProbeSummary& summary) const;
  // Fills the delays before, in and after the window, of first arrivals.
  void measure_delays(std::size_t first, ProbeSummary& summary) const;
  // Fills the outage, and extends the failover window over the gaps that begin in it.
  void measure_outage(std::size_t first, const std::vector<bool>& arrived, std::optional<Instant> fault,
                      ProbeSummary& summary) const;
  [[nodiscard]] Nanos longest_send_gap(std::size_t first, const ProbeSummary& window) const;
  [[nodiscard]] std::vector<Gap> gaps(std::size_t first, const std::vector<bool>& arrived) const;

  std::vector<Instant> sent_;
  std::vector<Arrival> arrivals_;
  std::uint64_t corrupted_ = 0;
};

}  // namespace stillwater::rig
