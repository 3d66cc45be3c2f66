// Who answered for one service, and when: the order of the nodes' answers, without keeping every frame.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/rig/wire/wire_verdict.h"

namespace stillwater::rig {

// Pure; one thread. A run is a row of answers of one node that no other node's answer interrupts and that has
// no pause of `settled`; an overlap begins and ends where runs do, so runs are all that must be kept.
class AnswerLog {
 public:
  AnswerLog(std::string service, Nanos settled) : service_(std::move(service)), settled_(settled) {}

  void add(Instant at, const std::string& node, const AnswerCounts& one);
  // Puts the answers from before `until` in order. Answers from before an earlier `until` are late.
  void settle(Instant until);

  // After the last settle.
  [[nodiscard]] std::vector<NodeAnswers> by_node() const;
  [[nodiscard]] std::vector<Overlap> overlaps() const;
  [[nodiscard]] std::vector<Handover> handovers() const;
  [[nodiscard]] std::uint64_t late() const { return late_; }

 private:
  struct Answer {
    Instant at;
    std::uint32_t node;
    AnswerCounts counts;
  };
  struct Run {
    std::uint32_t node;
    Instant first;
    Instant last;
    AnswerCounts counts;
  };
  // While a node went on answering, whatever others did: its runs without a pause of `settled`.
  [[nodiscard]] std::vector<Run> sessions() const;
  [[nodiscard]] std::uint32_t number_of(const std::string& node);
  [[nodiscard]] AnswerCounts counted(std::uint32_t node, Instant begin, Instant end) const;

  std::string service_;
  Nanos settled_;
  std::vector<std::string> nodes_;
  std::vector<Answer> waiting_;
  Instant settled_until_ = Instant::min();
  std::vector<Run> runs_;
  std::uint64_t late_ = 0;
};

}  // namespace stillwater::rig
