#include "tests/rig/load/churn_account.h"

#include <algorithm>

namespace stillwater::rig {

template <class Change>
void ChurnAccount::change(std::uint32_t session, const Change& change) {
  if (session >= sessions_.size()) return;
  const Session before = sessions_[session];
  change(sessions_[session]);
  const Session& after = sessions_[session];
  tally_.change(before, after);
  const auto more = static_cast<std::uint32_t>(after.owes()) - static_cast<std::uint32_t>(before.owes());
  owing_.fetch_add(more, std::memory_order_relaxed);
}

std::uint32_t ChurnAccount::open() {
  sessions_.emplace_back();
  return static_cast<std::uint32_t>(sessions_.size() - 1);
}

void ChurnAccount::answered(std::uint32_t session) {
  change(session, [](Session& it) { it.answered = true; });
}

void ChurnAccount::arrived(Direction direction, std::uint32_t session, std::uint32_t number) {
  change(session, [&](Session& it) {
    std::uint32_t& messages = it.messages[direction == Direction::to_server ? 0 : 1];
    messages = std::max(messages, number + 1);
  });
}

std::vector<std::uint32_t> ChurnAccount::fault_struck() {
  std::vector<std::uint32_t> asked;
  for (std::uint32_t number = 0; number < sessions_.size(); ++number) {
    const Session& it = sessions_[number];
    if (!it.answered || it.closed || it.broken) continue;
    change(number, [](Session& session) {
      session.at_fault = true;
      ++session.asked;
    });
    asked.push_back(number);
  }
  asked_.store(static_cast<std::uint32_t>(asked.size()), std::memory_order_relaxed);
  return asked;
}

void ChurnAccount::close(std::uint32_t session) {
  change(session, [](Session& it) { it.closed = true; });
}

void ChurnAccount::broke(std::uint32_t session) {
  change(session, [](Session& it) { it.broken = it.broken || (it.answered && !it.closed); });
}

bool ChurnAccount::works(std::uint32_t session) const {
  return session < sessions_.size() && sessions_[session].survived();
}

std::uint32_t ChurnAccount::asked(std::uint32_t session) const {
  return session < sessions_.size() ? sessions_[session].asked : 0;
}

bool ChurnAccount::exchanged(std::uint32_t session, std::uint32_t exchange) const {
  return session < sessions_.size() && sessions_[session].complete(exchange);
}

std::uint32_t ChurnAccount::awaited() const {
  const ConnectionCounts it = tally_.counts();
  return it.established - it.survived - it.broken;
}

ChurnCounts ChurnAccount::counts() const {
  ChurnCounts counts{.opened = static_cast<std::uint32_t>(sessions_.size())};
  for (const Session& it : sessions_) {
    counts.answered += it.answered;
    counts.answered_at_fault += it.at_fault;
    counts.lost += it.lost();
    counts.lost_at_fault += it.at_fault && it.lost();
  }
  return counts;
}

}  // namespace stillwater::rig
