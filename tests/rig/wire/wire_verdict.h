// What the wire said, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"

namespace stillwater::rig {

// Frames by which a node answers for a service; one frame counts once, under the first that fits.
struct AnswerCounts {
  std::uint64_t arp = 0;         // ARP that says "this address is here"
  std::uint64_t translated = 0;  // IPv4 packets that come from the address
  std::uint64_t other = 0;       // anything else that comes from the virtual MAC
  [[nodiscard]] std::uint64_t frames() const { return arp + translated + other; }
  void add(const AnswerCounts& more);
};

// All that one node's ports sent for one service.
struct NodeAnswers {
  std::string service;  // its address
  std::string node;
  AnswerCounts sent;
  Instant first{};
  Instant last{};
};

// Two nodes answered for the same service.
struct Overlap {
  std::string service;
  std::string held_by;  // answered first
  std::string also;
  Instant begin{};            // first frame of `also`
  Instant end{};              // last frame of the one that stopped first
  AnswerCounts held_by_sent;  // inside [begin, end]
  AnswerCounts also_sent;
};

// The service moved.
struct Handover {
  std::string service;
  std::string from;
  std::string to;
  Instant last_of_old{};
  Instant first_of_new{};
};

// A service's virtual MAC as source at a port where no node may use it: not a node's, or another bridge's.
struct WrongPort {
  std::string service;
  std::string port;
  std::uint64_t frames = 0;
  Instant first{};
  Instant last{};
};

// A numbered datagram that the nodes sent out more often than it had been sent to them.
struct Duplicate {
  std::string bridge;
  std::uint64_t number = 0;
  std::uint64_t times = 0;
  std::string first_port;
  std::string last_port;
  Instant first{};
  Instant last{};
};

struct PortCapture {
  std::string port;
  std::uint64_t frames = 0;
  std::uint64_t dropped = 0;  // by the kernel, before they could be looked at
};

struct WireVerdict {
  enum class State : std::uint8_t { clean, incomplete, breach };

  // Frames captured, whether or not anything was wrong with them.
  std::vector<PortCapture> ports;
  std::vector<NodeAnswers> answers;
  std::vector<Handover> handovers;

  std::vector<Overlap> overlaps;
  std::vector<WrongPort> wrong_ports;
  std::uint64_t datagrams_duplicated = 0;
  std::vector<Duplicate> duplicates;  // the first kDuplicatesShown of them
  static constexpr std::size_t kDuplicatesShown = 100;

  // Why "nothing found" would prove nothing; empty: the capture is whole.
  std::vector<std::string> gaps;

  // A breach that was seen stays one, however much else was not seen; nothing seen is clean only if all was.
  [[nodiscard]] State state() const;
};

[[nodiscard]] const char* name_of(WireVerdict::State state);

// Some lines for a terminal; times relative to `origin` (the fault, say).
[[nodiscard]] std::string to_text(const WireVerdict& verdict, Instant origin);
// Times in milliseconds relative to `origin`.
[[nodiscard]] nlohmann::ordered_json to_json(const WireVerdict& verdict, Instant origin);

}  // namespace stillwater::rig
