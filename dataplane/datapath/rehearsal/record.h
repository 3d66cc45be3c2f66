// What a rehearsal saw, in room that is there beforehand: the control plane makes words of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ckpt_engine/region/session.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/flow.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/tables/adjacency.h"
#include "dataplane/datapath/tables/rule_set.h"

namespace stillwater::dataplane {

// A node, what it said, and what it found. What it did not do is none.
struct RehearsedStep {
  struct Lookup {
    IpAddress destination;
    Adjacency route;            // the one that the flow's hash chose
    std::uint16_t members = 1;  // to choose from
  };
  struct OfSession {
    SessionRecord session;
    region::Direction direction;
  };
  struct Opened {
    Flow forward;
    Flow reply;
  };
  struct Learned {
    IpAddress address;
    rte_ether_addr mac;
  };

  Node node{};
  Verdict verdict{};
  PortIndex in_port = 0;                      // as the node left it
  std::uint32_t ip_bytes = 0;                 // of the packet in front of it; 0: not known yet
  std::optional<std::uint8_t> hops_before{};  // time to live or hop limit
  std::optional<std::uint8_t> hops_after{};
  std::optional<Lookup> lookup{};
  std::optional<OfSession> session{};
  std::optional<region::SessionState> becomes{};  // the session's state, where it changes
  bool ends_session = false;                      // the initiator uses its port anew, or the policy changed
  std::optional<SessionRecord> gives_way{};       // to a new one, in a full table
  bool asked_rules = false;
  bool asked_again = false;    // about a session that another generation of the policy admitted
  std::optional<Rule> rule{};  // that matched
  std::optional<Opened> opened{};
  std::optional<Learned> learned{};
  bool answers_ping = false;
  std::optional<unsigned> goes_to_worker{};  // it comes in again there, and is not followed
};

// A frame that would leave.
struct RehearsedFrame {
  PortIndex port = 0;
  IpAddress next_hop{};                 // none: an answer on the link
  std::optional<rte_ether_addr> mac{};  // of the next hop; none: it is asked for
  bool waits_for_commit = false;
  std::optional<DropReason> dropped{};  // before it left, for want of room to wait
  std::uint32_t at = 0;                 // of RehearsalRecord::bytes
  std::uint32_t bytes = 0;
};

// Written by one worker, then read by one control thread. It is large: nobody copies it.
struct RehearsalRecord {
  static constexpr unsigned kStepsMax = 16;
  static constexpr unsigned kFramesMax = 64;  // Fragments::kMax
  static constexpr unsigned kBytesMax = 80 * 1024;

  std::array<RehearsedStep, kStepsMax> steps;
  unsigned steps_count = 0;
  std::array<RehearsedFrame, kFramesMax> frames;
  unsigned frames_count = 0;
  std::array<std::uint8_t, kBytesMax> bytes;
  std::uint32_t bytes_count = 0;

  Verdict end{};
  bool tells_sender = false;  // of `refuse`: the function does; `frames` has the error, if it is told
  IpAddress sender{};         // of `refuse`
  bool over_limit = false;    // too many errors were told of late
  std::optional<DropReason> dropped{};  // of `taken`: all that the node took
  bool no_buffer = false;               // nothing was rehearsed

  void clear() {
    steps_count = frames_count = 0;
    bytes_count = 0;
    end = {};
    tells_sender = over_limit = no_buffer = false;
    dropped.reset();
  }
};

}  // namespace stillwater::dataplane
