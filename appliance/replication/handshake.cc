#include "appliance/replication/handshake.h"

#include <algorithm>
#include <cstring>

namespace stillwater::appliance {
namespace {

// A hello is all that either side sends before it has judged the other's: reading no further than one leaves
// what follows in the socket.
constexpr std::size_t kHelloFrame = sizeof(wire::FrameHeader) + sizeof(wire::Hello);
constexpr std::size_t kFirstFrameMax = sizeof(wire::FrameHeader) + wire::payload_max(wire::Type::refuse);

// Told by the header: the rest of another message may be more than is ever read here.
bool may_be_first(wire::Bytes begun) {
  if (begun.size() < sizeof(wire::FrameHeader)) return true;
  wire::FrameHeader header;
  std::memcpy(&header, begun.data(), sizeof(header));
  return header.type == wire::Type::hello || header.type == wire::Type::refuse;
}

}  // namespace

void Handshakes::add_accepted(UniqueFd fd) {
  if (pending_.size() >= kPendingMax) return on_refusal_("too many connections wait for their handshake");
  pending_.push_back({std::move(fd), false, false, clock_.now() + kPatience, {}});
}

void Handshakes::add_dialled(UniqueFd fd) {
  pending_.push_back({std::move(fd), true, false, clock_.now() + kPatience, {}});
}

bool Handshakes::dialling() const { return std::ranges::any_of(pending_, &Pending::dialled); }

void Handshakes::append_to(std::vector<pollfd>& to) const {
  for (const Pending& p : pending_)
    to.push_back({p.fd.get(), static_cast<short>(p.dialled && !p.hello_sent ? POLLOUT : POLLIN), 0});
}

std::optional<Met> Handshakes::advance() {
  for (auto p = pending_.begin(); p != pending_.end();) {
    wire::Hello theirs;
    switch (advance(*p, theirs)) {
      case Step::waiting:
        ++p;
        break;
      case Step::dropped:
        p = pending_.erase(p);
        break;
      case Step::through: {
        Met met{std::move(p->fd), theirs, p->dialled};
        pending_.erase(p);
        return met;
      }
    }
  }
  return std::nullopt;
}

bool Handshakes::send_hello(Pending& pending) {
  pending.hello_sent = true;
  return send_all(pending.fd.get(), wire::make_frame(wire::Type::hello, my_hello_()), clock_, clock_.now())
      .has_value();
}

Handshakes::Step Handshakes::refuse(Pending& pending, const std::string& why) {
  on_refusal_(why);
  // Best effort: the peer learns the reason if it still listens.
  [[maybe_unused]] const Status told =
      send_all(pending.fd.get(), wire::make_refusal(why), clock_, clock_.now());
  return Step::dropped;
}

Handshakes::Step Handshakes::advance(Pending& pending, wire::Hello& theirs) {
  if (pending.dialled && !pending.hello_sent) {
    pollfd writable{pending.fd.get(), POLLOUT, 0};
    if (poll(&writable, 1, 0) == 0) return clock_.now() < pending.deadline ? Step::waiting : Step::dropped;
    if (!finish_dial(pending.fd.get()) || !send_hello(pending)) return Step::dropped;
  }
  std::byte chunk[kFirstFrameMax];
  const std::size_t wanted =
      (pending.in.size() < kHelloFrame ? kHelloFrame : kFirstFrameMax) - pending.in.size();
  const auto got = receive_some(pending.fd.get(), std::span(chunk, wanted));
  if (!got) return Step::dropped;
  pending.in.insert(pending.in.end(), chunk, chunk + *got);

  const auto frame = wire::parse(pending.in);
  if (!frame) return refuse(pending, frame.error().message);
  if (!may_be_first(pending.in)) return refuse(pending, "the first message was not a hello");
  if (!frame->has_value()) {
    if (clock_.now() < pending.deadline) return Step::waiting;
    if (pending.in.empty()) return Step::dropped;
    return refuse(pending, "a connection did not finish its hello in time");
  }
  if ((*frame)->type == wire::Type::refuse) {
    on_refusal_("the peer refused this node: " + wire::text_of(**frame));
    return Step::dropped;
  }
  const auto hello = wire::body_of<wire::Hello>(**frame);
  if (!hello) return refuse(pending, hello.error().message);
  theirs = *hello;
  if (!pending.hello_sent && !send_hello(pending)) return Step::dropped;
  return Step::through;
}

}  // namespace stillwater::appliance
