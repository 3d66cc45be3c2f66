// Did two nodes ever answer for one address? Pure: fed with frames, the time and the port they came in at.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/rig/wire/answer_log.h"
#include "tests/rig/wire/frame_view.h"
#include "tests/rig/wire/wire_verdict.h"

namespace stillwater::rig {

// A port of a bridge; what comes in there was sent by whoever is at the other end.
struct WatchedPort {
  std::string name;  // of the interface
  std::string bridge;
  std::string node;  // of the pair; empty: no node (a client, a server)
};

// An address that one node at a time answers for.
struct Service {
  std::string bridge;
  Ipv4Address address{};
  std::optional<MacAddress> mac{};  // virtual MAC; none: each node answers from a MAC of its own
};

// Datagrams that carry a number, as the probe's do: little-endian, at an offset of the UDP payload.
struct NumberedStream {
  std::string enters{};  // bridge at which ends send it, nodes then send it out on another; empty: any
  std::uint16_t destination_port = 0;
  std::size_t offset = 0;
  std::size_t bytes = 4;  // at most 8
};

struct WireSubject {
  std::vector<WatchedPort> ports;
  std::vector<Service> services;
  std::vector<NumberedStream> streams{};
  // A node that was silent for so long had stopped: if it answers again, the service has moved back to it.
  // Below that, another node's answers in between are an overlap.
  Nanos settled = 100ms;
};

// One thread.
class WireCheck {
 public:
  explicit WireCheck(WireSubject subject);

  // `port` is an index into the subject's ports. Frames of one port come in order; of several, in any order
  // within what has not been settled.
  void feed(Instant at, std::size_t port, std::span<const std::byte> frame);
  // No frame from before `until` is still to come, so that memory follows what is left to sort, not the run.
  void settle(Instant until);

  void dropped(std::size_t port, std::uint64_t frames) { captures_[port].dropped += frames; }
  // Something else that kept frames from being seen, as one sentence.
  void incomplete(const std::string& because) { gaps_.push_back(because); }

  // Settles everything. Call it once, at the end.
  [[nodiscard]] WireVerdict finish();

 private:
  struct Seen {
    std::uint32_t from_nodes = 0;
    std::uint32_t from_ends = 0;
    std::uint32_t first_port = 0;  // of nodes
    std::uint32_t last_port = 0;
    Instant first{};
    Instant last{};
  };
  struct Misplaced {
    std::uint64_t frames = 0;
    Instant first{};
    Instant last{};
  };
  void look_at_service(std::size_t service, Instant at, std::size_t port, const FrameView& frame);
  void count_numbered(Instant at, std::size_t port, const FrameView& frame);
  void report_answers(WireVerdict& verdict);
  void report_duplicates(WireVerdict& verdict) const;
  void report_gaps(WireVerdict& verdict) const;

  WireSubject subject_;
  std::vector<PortCapture> captures_;                                   // by port
  std::vector<AnswerLog> answers_;                                      // by service
  std::map<std::pair<std::size_t, std::size_t>, Misplaced> misplaced_;  // by service and port
  std::vector<std::unordered_map<std::uint64_t, Seen>> numbered_;       // by stream, then number
  std::vector<std::string> gaps_;
};

}  // namespace stillwater::rig
