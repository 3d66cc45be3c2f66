#include "appliance/replication/handshake.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "appliance/replication/socket.h"

namespace stillwater::appliance {
namespace {

constexpr std::size_t kHelloFrame = sizeof(wire::FrameHeader) + sizeof(wire::Hello);
constexpr std::size_t kFirstFrameMax = sizeof(wire::FrameHeader) + wire::payload_max(wire::Type::refuse);

constexpr const char* kSpeaksTls = "the peer speaks TLS, and this node has replication.tls: none";

// Reading no further than the first frame leaves what follows it in the socket.
std::size_t first_frame_bytes(wire::Bytes begun) {
  if (begun.size() < kHelloFrame) return kHelloFrame;
  wire::FrameHeader header;
  std::memcpy(&header, begun.data(), sizeof(header));
  return std::min(sizeof(header) + std::size_t{header.length}, kFirstFrameMax);
}

// Told by the header: the rest of another message may be more than is ever read here.
bool may_be_first(wire::Bytes begun) {
  if (begun.size() < sizeof(wire::FrameHeader)) return true;
  wire::FrameHeader header;
  std::memcpy(&header, begun.data(), sizeof(header));
  return header.type == wire::Type::hello || header.type == wire::Type::refuse;
}

// A record that holds a handshake, of TLS 1.0 by its word (RFC 8446, 5.1).
bool speaks_tls(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x16} && bytes[1] == std::byte{0x03};
}

}  // namespace

Status say_hello(Channel& channel, const wire::Hello& hello, const Clock& clock) {
  return channel.send_all(wire::make_frame(wire::Type::hello, hello), clock, clock.now());
}

void Handshakes::add_accepted(std::unique_ptr<Channel> channel, std::size_t path) {
  if (pending_.size() >= kPendingMax) return on_refusal_("too many connections wait for their handshake");
  pending_.push_back({std::move(channel), path, false, true, false, clock_.now() + kPatience, {}});
}

void Handshakes::add_dialled(std::unique_ptr<Channel> channel, std::size_t path) {
  pending_.push_back({std::move(channel), path, true, false, false, clock_.now() + kPatience, {}});
}

bool Handshakes::dialling() const { return std::ranges::any_of(pending_, &Pending::dialled); }

bool Handshakes::said_hello() const { return std::ranges::any_of(pending_, &Pending::hello_sent); }

void Handshakes::give_up_dialling() { std::erase_if(pending_, &Pending::dialled); }

bool Handshakes::has_more() const {
  return std::ranges::any_of(pending_, [](const Pending& p) { return p.channel->has_more(); });
}

void Handshakes::append_to(std::vector<pollfd>& to) const {
  for (const Pending& p : pending_)
    to.push_back({p.channel->fd(), p.connected ? p.channel->waits_for() : short{POLLOUT}, 0});
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
        Met met{std::move(p->channel), theirs, p->dialled, p->path};
        pending_.erase(p);
        return met;
      }
    }
  }
  return std::nullopt;
}

Handshakes::Step Handshakes::refuse(Pending& pending, const std::string& why) {
  on_refusal_(why);
  // Best effort: the peer learns the reason if it still listens.
  [[maybe_unused]] const Status told =
      pending.channel->send_all(wire::make_refusal(why), clock_, clock_.now());
  return Step::dropped;
}

Handshakes::Step Handshakes::wait_or_drop(const Pending& pending) const {
  return clock_.now() < pending.deadline ? Step::waiting : Step::dropped;
}

// As far as the first byte of a hello: connected, secured. The one that dialled speaks first.
Handshakes::Step Handshakes::open(Pending& pending) {
  if (!pending.connected) {
    pollfd writable{pending.channel->fd(), POLLOUT, 0};
    if (poll(&writable, 1, 0) == 0) return wait_or_drop(pending);
    if (!finish_dial(pending.channel->fd())) return Step::dropped;
    pending.connected = true;
  }
  const auto secured = pending.channel->secure();
  if (!secured) {
    if (secured.error().code == Errc::refused) on_refusal_(secured.error().message);
    return Step::dropped;
  }
  if (!*secured) {
    const Step step = wait_or_drop(pending);
    if (step == Step::dropped) on_refusal_("a connection did not finish its TLS handshake in time");
    return step;
  }
  if (!pending.dialled || pending.hello_sent) return Step::through;
  pending.hello_sent = true;
  return say_hello(*pending.channel, my_hello_(), clock_) ? Step::through : Step::dropped;
}

Handshakes::Step Handshakes::advance(Pending& pending, wire::Hello& theirs) {
  if (const Step opened = open(pending); opened != Step::through) return opened;
  std::byte chunk[kFirstFrameMax];
  const std::size_t wanted = first_frame_bytes(pending.in) - pending.in.size();
  const auto got = pending.channel->receive_some(std::span(chunk, wanted));
  if (!got) {
    if (got.error().code == Errc::refused) on_refusal_(got.error().message);
    return Step::dropped;
  }
  pending.in.insert(pending.in.end(), chunk, chunk + *got);

  const auto frame = wire::parse(pending.in);
  if (!frame) return refuse(pending, speaks_tls(pending.in) ? kSpeaksTls : frame.error().message);
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
  const auto hello = wire::hello_of(**frame);
  if (!hello) return refuse(pending, hello.error().message);
  const std::string name = wire::text_of(hello->node);
  if (const auto certified = pending.channel->certified_node(); certified && *certified != name)
    return refuse(pending,
                  "the peer calls itself '" + name + "', and its certificate is for '" + *certified + "'");
  theirs = *hello;
  return Step::through;
}

}  // namespace stillwater::appliance
