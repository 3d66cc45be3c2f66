#include "tests/rig/load/session_churn.h"

#include <algorithm>

namespace stillwater::rig {
namespace {

constexpr std::uint32_t kResetOf = 3;

}  // namespace

SessionChurn::SessionChurn(Reactor& reactor, UniqueFd listener, std::string server_address,
                           std::uint16_t port, std::uint32_t per_second)
    : Handler(std::move(listener)),
      reactor_(reactor),
      server_address_(std::move(server_address)),
      port_(port),
      pace_(per_second) {
  events_.connected = [this](FlowEnd& end) {
    if (end.writes() != Direction::to_server) return;
    account_.answered(*end.flow());
    end.write_once(BootClock().now());
  };
  events_.arrived = [this](FlowEnd& end, std::uint32_t session, std::uint32_t number) {
    arrived(end, session, number);
  };
  events_.broke = [this](FlowEnd& end, const std::string& reason) { broke(end, reason); };
}

void SessionChurn::ready(std::uint32_t) {
  accept_flows(reactor_, fd(), events_,
               [this](std::unique_ptr<FlowEnd> end) { servers_.push_back(std::move(end)); });
}

void SessionChurn::tick(Instant now) {
  std::erase_if(sessions_, [](const auto& it) { return !it.second.client->fd(); });
  servers_.remove_if([](const auto& end) { return !end->fd(); });
  if (running_.load())
    for (std::uint32_t due = pace_.due(now); due > 0; --due) open_one(now);
  if (const std::uint32_t releases = releases_.load(); releases_taken_ != releases) {
    releases_taken_ = releases;
    release_all();
  }
  if (const std::uint32_t marks = marks_.load(); marks_taken_.load() != marks) {
    take_mark(now);
    marks_taken_.store(marks);
  }
  for (auto& [number, session] : sessions_) {
    session.client->write_if_due(now);
    close_if_lived(number, session, now);
  }
  for (const auto& end : servers_) end->write_if_due(now);
}

void SessionChurn::open_one(Instant now) {
  const std::uint32_t number = account_.open();
  auto client = connect_flow(reactor_, server_address_, port_, number, events_);
  if (client) {
    sessions_.emplace(number, Session{.client = std::move(*client), .opened = now});
  } else {
    ++reasons_[client.error().message];
  }
}

void SessionChurn::take_mark(Instant now) {
  const auto asked = account_.fault_struck();
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(asked.size(), 1));
  std::int64_t turn = 0;
  for (const std::uint32_t number : asked) {
    const auto session = sessions_.find(number);
    if (session == sessions_.end()) continue;
    session->second.held = true;
    const Instant when = now + kWait + turn++ * kSpread / count;
    // Else it begins when the one before it is complete.
    if (account_.exchanged(number, account_.asked(number) - 2)) begin_another(number, session->second, when);
  }
}

void SessionChurn::release_all() {
  for (auto& [number, session] : sessions_) session.held = false;
}

void SessionChurn::begin_another(std::uint32_t number, Session& session, Instant when) {
  const bool server_begins = number % 2 == 0;
  FlowEnd* const first = server_begins ? session.server : session.client.get();
  if (first != nullptr) first->write_once(when);
}

void SessionChurn::close_if_lived(std::uint32_t number, Session& session, Instant now) {
  if (session.held || now - session.opened < kLife || !account_.works(number)) return;
  account_.close(number);
  session.client->end(number % kResetOf == 0 ? FlowEnd::Closing::reset : FlowEnd::Closing::in_order);
}

void SessionChurn::arrived(FlowEnd& end, std::uint32_t number_of_session, std::uint32_t number) {
  const auto found = sessions_.find(number_of_session);
  if (found == sessions_.end()) return broke(end, "a session that is not open");
  Session& session = found->second;
  if (end.writes() == Direction::to_client) session.server = &end;
  account_.arrived(opposite(end.writes()), number_of_session, number);
  const Instant now = BootClock().now();
  // What was read is answered, unless it is itself the answer.
  if (end.next_number() <= number) {
    end.write_once(now);
  } else if (number + 1 < account_.asked(number_of_session)) {
    begin_another(number_of_session, session, now);
  }
}

void SessionChurn::broke(FlowEnd& end, const std::string& reason) {
  const auto number = end.flow();
  const auto session = number ? sessions_.find(*number) : sessions_.end();
  if (session == sessions_.end()) return;
  if (session->second.server == &end) session->second.server = nullptr;
  // After a close of the client's own the server's end follows.
  if (!session->second.client->fd() && end.writes() == Direction::to_client) return;
  ++reasons_[reason];
  account_.broke(*number);
}

}  // namespace stillwater::rig
