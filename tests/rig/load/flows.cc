#include "tests/rig/load/flows.h"

#include <algorithm>

namespace stillwater::rig {
namespace {

// Opening is spread over a second, which also spreads the messages that follow, one a second each.
constexpr double kOpenedPerSecondAtMost = 2000;

}  // namespace

Flows::Flows(Reactor& reactor, UniqueFd listener, std::string server_address, std::uint16_t port,
             std::uint32_t wanted)
    : Handler(std::move(listener)),
      reactor_(reactor),
      server_address_(std::move(server_address)),
      port_(port),
      wanted_(wanted) {
  events_.connected = [](FlowEnd& end) {
    if (end.writes() == Direction::to_server) end.start_writing(BootClock().now());
  };
  events_.arrived = [this](FlowEnd& end, std::uint32_t flow, std::uint32_t number) {
    arrived(end, flow, number);
  };
  events_.broke = [this](FlowEnd& end, const std::string& reason) { broke(end, reason); };
  flows_.reserve(wanted);
  ends_.reserve(2 * std::size_t{wanted});
}

void Flows::ready(std::uint32_t) {
  accept_flows(reactor_, fd(), events_,
               [this](std::unique_ptr<FlowEnd> end) { ends_.push_back(std::move(end)); });
}

void Flows::tick(Instant now) {
  open_some(now);
  if (const std::uint32_t marks = marks_.load(); taken_.load() != marks) {
    take_mark();
    taken_.store(marks);
  }
  for (const auto& end : ends_) end->write_if_due(now);
}

void Flows::open_some(Instant now) {
  if (flows_.size() == wanted_) return;
  if (!opening_since_) opening_since_ = now;
  const double rate = std::min<double>(wanted_, kOpenedPerSecondAtMost);
  const double due = rate * std::chrono::duration<double>(now - *opening_since_).count();
  const auto until = std::min(wanted_, static_cast<std::uint32_t>(due) + 1);
  while (flows_.size() < until) open_one(static_cast<std::uint32_t>(flows_.size()));
}

void Flows::open_one(std::uint32_t number) {
  flows_.emplace_back();
  auto end = connect_flow(reactor_, server_address_, port_, number, events_);
  if (!end) {
    ++reasons_[end.error().message];
    return;
  }
  flows_[number].to_server.writer = end->get();
  ends_.push_back(std::move(*end));
}

void Flows::take_mark() {
  for (Flow& flow : flows_) {
    const Flow before = flow;
    for (OneWay* way : {&flow.to_server, &flow.to_client}) {
      if (way->writer != nullptr) way->fresh_from = way->writer->next_number();
      way->carried_fresh = false;
    }
    tally_.change(before, flow);
  }
}

void Flows::arrived(FlowEnd& end, std::uint32_t number_of_flow, std::uint32_t number) {
  if (number_of_flow >= flows_.size()) return broke(end, "a flow that was never opened");
  Flow& flow = flows_[number_of_flow];
  const Flow before = flow;
  if (end.writes() == Direction::to_client && flow.to_client.writer == nullptr) {
    flow.to_client.writer = &end;
    end.start_writing(BootClock().now());
  }
  OneWay& way = flow.way(opposite(end.writes()));
  way.seen = true;
  if (taken_.load() > 0 && number >= way.fresh_from) way.carried_fresh = true;
  tally_.change(before, flow);
}

void Flows::broke(FlowEnd& end, const std::string& reason) {
  ++reasons_[reason];
  const auto number = end.flow();
  if (!number || *number >= flows_.size()) return;
  const Flow before = flows_[*number];
  flows_[*number].broken = true;
  tally_.change(before, flows_[*number]);
}

}  // namespace stillwater::rig
