#include "tests/rig/load/server_first.h"

#include <algorithm>

namespace stillwater::rig {
namespace {

// Of 5 ms: a thousand a second, beside the long-lived connections.
constexpr std::size_t kOpenedPerTick = 5;

}  // namespace

ServerFirst::ServerFirst(Reactor& reactor, UniqueFd listener, std::string server_address, std::uint16_t port,
                         std::uint32_t wanted)
    : Handler(std::move(listener)),
      reactor_(reactor),
      server_address_(std::move(server_address)),
      port_(port),
      wanted_(wanted),
      account_(wanted) {
  events_.connected = [](FlowEnd& end) {
    if (end.writes() == Direction::to_server) end.write_once(BootClock().now());
  };
  events_.arrived = [this](FlowEnd& end, std::uint32_t connection, std::uint32_t number) {
    arrived(end, connection, number);
  };
  events_.broke = [this](FlowEnd& end, const std::string& reason) { broke(end, reason); };
}

void ServerFirst::ready(std::uint32_t) {
  accept_flows(reactor_, fd(), events_,
               [this](std::unique_ptr<FlowEnd> end) { servers_.push_back(std::move(end)); });
}

void ServerFirst::tick(Instant now) {
  open_some();
  if (!scheduled_ && marked_.load()) schedule_servers(now);
  for (const auto* ends : {&clients_, &servers_}) {
    for (const auto& end : *ends) {
      if (end) end->write_if_due(now);
    }
  }
}

void ServerFirst::open_some() {
  const std::size_t until = std::min<std::size_t>(wanted_, clients_.size() + kOpenedPerTick);
  while (clients_.size() < until) open_one(static_cast<std::uint32_t>(clients_.size()));
}

void ServerFirst::open_one(std::uint32_t number) {
  clients_.emplace_back();
  auto end = connect_flow(reactor_, server_address_, port_, number, events_);
  if (end) {
    clients_.back() = std::move(*end);
  } else {
    ++reasons_[end.error().message];
  }
}

void ServerFirst::schedule_servers(Instant now) {
  scheduled_ = true;
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(servers_.size(), 1));
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    servers_[i]->write_once(now + kWait + static_cast<std::int64_t>(i) * kSpread / count);
  }
}

void ServerFirst::arrived(FlowEnd& end, std::uint32_t connection, std::uint32_t number) {
  if (connection >= clients_.size() || !clients_[connection]) {
    return broke(end, "a connection that was never opened");
  }
  account_.arrived(opposite(end.writes()), connection, number, clients_[connection]->next_number());
  const bool to_be_answered = end.writes() == Direction::to_client && number == 0;
  if (to_be_answered) end.write_once(BootClock().now());
}

void ServerFirst::broke(FlowEnd& end, const std::string& reason) {
  ++reasons_[reason];
  if (const auto connection = end.flow()) account_.broke(*connection);
}

}  // namespace stillwater::rig
