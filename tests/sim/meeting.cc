// How the processes of the two nodes find each other: dial, hello against hello, and only then a pair. In the
// order of the daemon.
#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/sim/world.h"

namespace stillwater::sim {
namespace {

constexpr Nanos kDialInterval = 20ms;
constexpr Nanos kDialPauseMax = 2s;
constexpr Nanos kPatience = 1s;
constexpr Nanos kBeatFresh = 500ms;
constexpr Nanos kCrossing = 1s;

}  // namespace

void Process::dial_if_alone() {
  const Instant now = machine_.now();
  if (link_ || met_ || now < next_dial_ || std::ranges::any_of(handshakes_, &Handshake::dialled)) return;
  if (pair_->machine().leads() && (peer_led_at_ == Instant{} || now - peer_led_at_ > 1s)) return;
  next_dial_ = now + std::max(kDialInterval, dial_pause_);
  if (auto c = world_.network.dial(index()))
    handshakes_.push_back({std::move(c), true, false, now + kPatience});
}

void Process::accept(const std::shared_ptr<Connection>& c) {
  handshakes_.push_back({c, false, false, machine_.now() + kPatience});
}

bool Process::send_hello(const std::shared_ptr<Connection>& c) {
  return world_.network.send(c, index(), wire::make_frame(wire::Type::hello, pair_->hello()),
                             wire::Type::hello);
}

// The first on which the peer said its hello; those that failed or took too long are dropped.
std::optional<Process::Met> Process::advance_handshakes() {
  for (std::size_t i = 0; i < handshakes_.size();) {
    Handshake& h = handshakes_[i];
    const std::shared_ptr<Connection> c = h.connection;
    Connection::End& end = c->ends[index()];
    const auto drop = [&] {
      world_.network.close(c, index());
      handshakes_.erase(handshakes_.begin() + static_cast<std::ptrdiff_t>(i));
    };
    if (h.dialled && !std::exchange(h.hello_sent, true) && !send_hello(c)) {
      drop();
      continue;
    }
    const auto frame = wire::parse(end.inbox);
    if (!frame || (*frame && (*frame)->type != wire::Type::hello)) {
      drop();
      refused();
      continue;
    }
    if (!*frame) {
      if (!end.ended && machine_.now() < h.deadline)
        ++i;
      else
        drop();
      continue;
    }
    Met met{c, *wire::body_of<wire::Hello>(**frame), h.dialled};
    const std::size_t used = sizeof(wire::FrameHeader) + (*frame)->payload.size();
    end.inbox.erase(end.inbox.begin(), end.inbox.begin() + static_cast<std::ptrdiff_t>(used));
    handshakes_.erase(handshakes_.begin() + static_cast<std::ptrdiff_t>(i));
    return met;
  }
  return std::nullopt;
}

void Process::meet_if_any() {
  const Instant now = machine_.now();
  if (auto met = advance_handshakes()) {
    if (const std::string why = standby::mismatch(pair_->hello(), met->hello); !why.empty())
      return refuse(met->connection, why);
    if (!met->dialled && !answer(*met)) return world_.network.close(met->connection, index());
    met_at_ = now;
    met_ = std::move(met);
  }
  if (!met_) return;
  if (peer_beat_at_ != Instant{} && now - peer_beat_at_ < kBeatFresh &&
      peer_process_ == met_->hello.incarnation)
    return join(*std::exchange(met_, std::nullopt));
  if (now - met_at_ < kPatience) return;
  refuse(std::exchange(met_, std::nullopt)->connection, "no heartbeat came");
}

// As appliance/node answers.
bool Process::answer(const Met& met) {
  const bool own_stands = std::ranges::any_of(handshakes_, &Handshake::hello_sent) ||
                          (met_ && met_->dialled) ||
                          (link_ && link_dialled_ && machine_.now() - link_since_ < kCrossing);
  if (own_stands && standby::own_dial_stays(world_.name_of_node(index()), world_.name_of_node(1 - index())))
    return false;
  std::erase_if(handshakes_, [&](const Handshake& h) {
    if (h.dialled) world_.network.close(h.connection, index());
    return h.dialled;
  });
  if (met_) world_.network.close(std::exchange(met_, std::nullopt)->connection, index());
  if (link_) close_link("replaced by a new connection");
  return send_hello(met.connection);
}

void Process::join(Met met) {
  link_ = std::move(met.connection);
  link_dialled_ = met.dialled;
  link_since_ = machine_.now();
  dial_pause_ = Nanos(0);
  world_.trace("node %u: connected", index());
  pair_->connected(*this, met.hello);
}

void Process::refuse(const std::shared_ptr<Connection>& c, const std::string& why) {
  world_.trace("node %u refuses: %s", index(), why.c_str());
  refused();
  [[maybe_unused]] const bool told =
      world_.network.send(c, index(), wire::make_refusal(why), wire::Type::refuse);
  world_.network.close(c, index());
}

void Process::refused() {
  dial_pause_ = std::min(std::max(2 * dial_pause_, kDialInterval), kDialPauseMax);
  next_dial_ = machine_.now() + dial_pause_;
}

void Process::read_connection() {
  for (unsigned reads = 0; link_ && reads < 64; ++reads) {
    Connection::End& end = link_->ends[index()];
    const std::span<std::byte> space = pair_->space();
    const std::size_t n = std::min(space.size(), end.inbox.size());
    if (n == 0) {
      if (end.ended && end.inbox.empty()) close_link("the peer closed the connection");
      return;
    }
    std::memcpy(space.data(), end.inbox.data(), n);
    end.inbox.erase(end.inbox.begin(), end.inbox.begin() + static_cast<std::ptrdiff_t>(n));
    before_ = {pair_->receiver().in_sync(), pair_->receiver().committed(), link_->pipes[1 - index()].stint};
    const Status done = pair_->received(n);
    judge_what_came();
    if (done || !link_) continue;
    if (done.error().code == Errc::unavailable) return close_link(done.error().message);
    refused();
    [[maybe_unused]] const Status told = send(wire::make_refusal(done.error().message));
    return close_link("closed: " + done.error().message);
  }
}

// Also before an acknowledgement leaves: from then on the peer may know of the commit.
void Process::judge_what_came() {
  world_.checks.received(index(), before_.whole, before_.committed, before_.stint);
}

void Process::close_link(const std::string& why) {
  hang_up(why);
  pair_->disconnected(why);
  world_.checks.settled(index());
}

void Process::hang_up(const std::string& why) {
  if (!link_) return;
  world_.trace("node %u: connection closed: %s", index(), why.c_str());
  world_.network.close(link_, index());
  link_.reset();
  next_dial_ = machine_.now() + kDialInterval;
}

namespace {

Step step_of(wire::Type type, Step otherwise) {
  switch (type) {
    case wire::Type::group:
      return Step::shipping;
    case wire::Type::commit:
      return Step::commit_record;
    case wire::Type::sync_begin:
    case wire::Type::sync_lines:
      return Step::first_sync;
    default:
      return otherwise;
  }
}

// As a sender might that is broken, or not ours: a line of the group is to go into protected memory.
Packet forged(wire::Bytes frame) {
  wire::GroupHeader header;
  std::memcpy(&header, frame.data() + sizeof(wire::FrameHeader), sizeof(header));
  header.extent_count = header.line_count = 1;
  header.encoding = wire::Encoding::as_they_are;
  header.lines_check = 0;
  const wire::WireExtent extent{region::kProfileOffset / region::kLineBytes, 1};
  std::vector<std::byte> payload(sizeof(header) + region::kLineBytes + sizeof(extent), std::byte{0xee});
  std::memcpy(payload.data(), &header, sizeof(header));
  std::memcpy(payload.data() + payload.size() - sizeof(extent), &extent, sizeof(extent));
  const std::vector<std::byte> made = wire::make_frame(wire::Type::group, wire::Bytes(payload));
  return Packet(made.begin(), made.end());
}

}  // namespace

// Between two frames of one send the connection may break as well.
Status Process::send(wire::Bytes frames) {
  while (!frames.empty()) {
    const wire::Bytes frame = wire::first_frame(frames);
    if (Status sent = send_frame(frame); !sent) return sent;
    frames = frames.subspan(frame.size());
  }
  return {};
}

Status Process::send_frame(wire::Bytes frame) {
  wire::FrameHeader header;
  std::memcpy(&header, frame.data(), sizeof(header));
  packets_.note_epoch();
  if (header.type == wire::Type::ack) {
    judge_what_came();
    world_.trace("node %u acknowledges epoch %llu", index(),
                 static_cast<unsigned long long>(pair_->receiver().committed()));
  }
  const auto c = link_;
  at(step_of(header.type, step()));
  if (!c || c != link_) return fail(Errc::unavailable, "the connection is closed");
  if (header.type == wire::Type::commit) {
    c->pipes[index()].stint = stint_;
    world_.trace("node %u sends the record of epoch %llu", index(),
                 static_cast<unsigned long long>(pair_->engine().committed() + 1));
    world_.checks.commit_record(index(), pair_->engine().committed() + 1);
  }
  if (header.type == wire::Type::sync_begin) world_.trace("node %u fills its peer", index());
  Packet bytes = header.type == wire::Type::group && machine_.take_forgery()
                     ? forged(frame)
                     : Packet(frame.begin(), frame.end());
  if (!world_.network.send(c, index(), std::move(bytes), header.type))
    return fail(Errc::unavailable, "the connection is broken");
  return {};
}

}  // namespace stillwater::sim
