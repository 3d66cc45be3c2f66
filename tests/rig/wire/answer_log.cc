#include "tests/rig/wire/answer_log.h"

#include <algorithm>
#include <optional>

namespace stillwater::rig {

void AnswerLog::add(Instant at, const std::string& node, const AnswerCounts& one) {
  if (at < settled_until_) ++late_;
  waiting_.push_back({at, number_of(node), one});
}

std::uint32_t AnswerLog::number_of(const std::string& node) {
  const auto found = std::find(nodes_.begin(), nodes_.end(), node);
  const auto number = static_cast<std::uint32_t>(found - nodes_.begin());
  if (found == nodes_.end()) nodes_.push_back(node);
  return number;
}

void AnswerLog::settle(Instant until) {
  const auto later = std::stable_partition(waiting_.begin(), waiting_.end(),
                                           [until](const Answer& answer) { return answer.at < until; });
  std::stable_sort(waiting_.begin(), later, [](const Answer& a, const Answer& b) { return a.at < b.at; });
  for (auto answer = waiting_.begin(); answer != later; ++answer) {
    const bool goes_on =
        !runs_.empty() && runs_.back().node == answer->node && answer->at - runs_.back().last < settled_;
    if (!goes_on) runs_.push_back({answer->node, answer->at, answer->at, {}});
    runs_.back().last = std::max(runs_.back().last, answer->at);
    runs_.back().counts.add(answer->counts);
  }
  waiting_.erase(waiting_.begin(), later);
  settled_until_ = std::max(settled_until_, until);
}

std::vector<AnswerLog::Run> AnswerLog::sessions() const {
  std::vector<Run> found;
  std::vector<std::optional<std::size_t>> open(nodes_.size());  // a node's newest session
  for (const Run& run : runs_) {
    std::optional<std::size_t>& mine = open[run.node];
    if (!mine || run.first - found[*mine].last >= settled_) {
      mine = found.size();
      found.push_back(run);
      continue;
    }
    found[*mine].last = run.last;
    found[*mine].counts.add(run.counts);
  }
  return found;
}

AnswerCounts AnswerLog::counted(std::uint32_t node, Instant begin, Instant end) const {
  AnswerCounts sum;
  for (const Run& run : runs_) {
    if (run.node == node && run.first >= begin && run.last <= end) sum.add(run.counts);
  }
  return sum;
}

std::vector<NodeAnswers> AnswerLog::by_node() const {
  std::vector<NodeAnswers> found;
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
    NodeAnswers mine{service_, nodes_[node], {}, Instant::max(), Instant::min()};
    for (const Run& run : runs_) {
      if (run.node != node) continue;
      mine.sent.add(run.counts);
      mine.first = std::min(mine.first, run.first);
      mine.last = std::max(mine.last, run.last);
    }
    if (mine.sent.frames() > 0) found.push_back(mine);
  }
  return found;
}

std::vector<Overlap> AnswerLog::overlaps() const {
  std::vector<Overlap> found;
  const std::vector<Run> all = sessions();  // by `first`
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      const Run& old = all[i];
      const Run& also = all[j];
      if (old.node == also.node || also.first > old.last) continue;
      const Instant end = std::min(old.last, also.last);
      found.push_back({service_, nodes_[old.node], nodes_[also.node], also.first, end,
                       counted(old.node, also.first, end), counted(also.node, also.first, end)});
    }
  }
  return found;
}

std::vector<Handover> AnswerLog::handovers() const {
  std::vector<Handover> found;
  const std::vector<Run> all = sessions();
  std::optional<Run> holder;  // whoever has been heard last so far
  for (const Run& next : all) {
    if (holder && next.node != holder->node && next.first > holder->last) {
      found.push_back({service_, nodes_[holder->node], nodes_[next.node], holder->last, next.first});
    }
    if (!holder || next.last > holder->last) holder = next;
  }
  return found;
}

}  // namespace stillwater::rig
