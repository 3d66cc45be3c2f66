// Connections in handshake: hellos that come in pieces, late, wrong or never, on several connections at once.
#include "appliance/replication/handshake.h"

#include <array>
#include <cstring>

#include <sys/socket.h>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

namespace stillwater::fuzz {
namespace {

using appliance::Handshakes;
using Stream = std::vector<std::byte>;

class HandClock final : public Clock {
 public:
  Instant at = 100s;
  [[nodiscard]] Instant now() const override { return at; }
};

// The other end of one connection, and what it has sent.
struct Peer {
  UniqueFd fd;
  bool dialled = false;  // by the node
  Stream sent;
  Stream heard;
  bool met = false;
  bool closed = false;  // by the node
  bool left = false;    // by the peer
};

class Node {
 public:
  explicit Node(Input& input) : input_(input) {}

  void act() {
    const std::uint32_t what = input_.below(8);
    if (what == 0) {
      connect();
    } else if (what == 1) {
      clock_.at += Nanos(input_.value<std::uint32_t>());
    } else if (what == 2) {
      if (Peer* peer = any_peer(); peer != nullptr && input_.rarely()) {
        peer->left = true;
        shutdown(peer->fd.get(), SHUT_RDWR);
      }
    } else if (Peer* peer = any_peer(); peer != nullptr) {
      Stream stream = what_to_say(what);
      const Stream behind = input_.bytes(input_.below(4) == 1 ? 64 : 0);
      stream.insert(stream.end(), behind.begin(), behind.end());
      say(*peer, stream);
    }
    turn();
  }

  // Whoever says no more is not waited for.
  void finish() {
    clock_.at += 2 * Handshakes::kPatience;
    turn();
    std::vector<pollfd> polled;
    handshakes_.append_to(polled);
    expect(polled.empty() && !handshakes_.dialling(), "a handshake ends when patience does");
    for (Peer& peer : peers_) {
      if (peer.fd && !peer.met && !peer.left && !peer.sent.empty() && !heard_reason(peer))
        expect(false, "who said anything, and stays, is told why it is not met");
    }
  }

 private:
  static constexpr std::size_t kPeers = 12;

  void connect() {
    if (count_ == kPeers) return;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return;
    Peer& peer = peers_[count_++];
    peer.fd.reset(ends[0]);
    peer.dialled = input_.below(2) == 0;
    std::vector<pollfd> polled;
    handshakes_.append_to(polled);
    expect(polled.size() <= Handshakes::kPendingMax + kPeers, "handshakes are bounded");
    refusals_ = 0;
    if (peer.dialled)
      handshakes_.add_dialled(appliance::plain_channel(UniqueFd(ends[1])));
    else
      handshakes_.add_accepted(appliance::plain_channel(UniqueFd(ends[1])));
    if (refusals_ > 0) peer.closed = true;
  }

  [[nodiscard]] Peer* any_peer() { return count_ == 0 ? nullptr : &peers_[input_.below(kPeers) % count_]; }

  [[nodiscard]] Stream what_to_say(std::uint32_t what) {
    Stream frame;
    if (what <= 4) {
      frame = wire::make_frame(wire::Type::hello, input_.value<wire::Hello>());
    } else if (what == 5) {
      frame = wire::make_refusal(std::string(input_.below(513), 'x'));
    } else if (what == 6) {
      const auto type = static_cast<wire::Type>(input_.below(14));
      frame = wire::make_frame(type, wire::Bytes(Stream(input_.value<std::uint16_t>() % 600)));
    } else {
      return input_.bytes(input_.value());
    }
    if (input_.rarely())
      frame[input_.value<std::uint16_t>() % frame.size()] ^= static_cast<std::byte>(input_.value());
    if (input_.rarely()) frame.resize(input_.value<std::uint16_t>() % frame.size());
    return frame;
  }

  // In pieces, the node looking at each.
  void say(Peer& peer, const Stream& stream) {
    std::span<const std::byte> rest(stream);
    const std::size_t piece = input_.value() * std::size_t{4};
    while (!rest.empty() && !peer.left) {
      const std::size_t n = piece == 0 ? rest.size() : std::min(rest.size(), piece);
      if (send(peer.fd.get(), rest.data(), n, MSG_NOSIGNAL) != static_cast<ssize_t>(n)) return;
      peer.sent.insert(peer.sent.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(n));
      rest = rest.subspan(n);
      turn();
    }
  }

  void turn() {
    while (auto met = handshakes_.advance()) judge(std::move(*met));
    for (std::size_t i = 0; i < count_; ++i) listen(peers_[i]);
  }

  void judge(appliance::Met met) {
    Peer* peer = nullptr;
    for (Peer& candidate : peers_)
      if (candidate.fd && !candidate.met && bytes_of_hello(candidate, met.theirs) != 0) peer = &candidate;
    expect(peer != nullptr, "who is met has said that hello first, whole and unharmed");
    peer->met = true;
    Stream behind(64u << 10);
    const ssize_t got = recv(met.channel->fd(), behind.data(), behind.size(), 0);
    behind.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    expect(is_behind_hello(met.theirs, behind), "what follows a hello is left in the socket");
    kept_.push_back(std::move(met.channel));
  }

  // Of the frame that the peer has said first, if that is this hello, or a longer one that begins like it.
  [[nodiscard]] static std::size_t bytes_of_hello(const Peer& peer, const wire::Hello& hello) {
    Stream sent = peer.sent;
    const auto frame = wire::parse(sent);
    if (!frame || !frame->has_value() || (*frame)->type != wire::Type::hello) return 0;
    const std::span payload = (*frame)->payload;
    const bool begins =
        payload.size() >= sizeof(hello) && std::memcmp(payload.data(), &hello, sizeof(hello)) == 0;
    return begins ? sizeof(wire::FrameHeader) + payload.size() : 0;
  }
  // Several peers may have said the same hello.
  [[nodiscard]] bool is_behind_hello(const wire::Hello& hello, const Stream& behind) const {
    return std::ranges::any_of(peers_, [&](const Peer& peer) {
      const std::size_t begin = peer.fd ? bytes_of_hello(peer, hello) : 0;
      return begin != 0 && std::ranges::equal(std::span(peer.sent).subspan(begin), behind);
    });
  }

  void listen(Peer& peer) {
    std::byte chunk[4096];
    const ssize_t got = recv(peer.fd.get(), chunk, sizeof(chunk), 0);
    if (got > 0) peer.heard.insert(peer.heard.end(), chunk, chunk + got);
  }

  // A hello first, if any; then the reason, if any; nothing else.
  [[nodiscard]] bool heard_reason(Peer& peer) const {
    bool reason = peer.closed;
    std::span<std::byte> rest(peer.heard);
    for (unsigned frames = 0; !rest.empty(); ++frames) {
      const auto frame = wire::parse(rest);
      expect(frame && frame->has_value(), "a node says whole frames");
      const wire::Type type = (*frame)->type;
      expect(type == wire::Type::refuse || (type == wire::Type::hello && frames == 0),
             "a hello, then a reason");
      reason = reason || type == wire::Type::refuse;
      rest = rest.subspan(sizeof(wire::FrameHeader) + (*frame)->payload.size());
    }
    return reason || was_refusal(peer);
  }
  // To a refusal nothing is answered.
  [[nodiscard]] static bool was_refusal(const Peer& peer) {
    Stream sent = peer.sent;
    const auto frame = wire::parse(sent);
    return frame && frame->has_value() && (*frame)->type == wire::Type::refuse;
  }

  Input& input_;
  HandClock clock_;
  unsigned refusals_ = 0;
  Handshakes handshakes_{clock_, [] { return wire::Hello{}; },
                         [this](const std::string& why) {
                           expect(!why.empty(), "a refusal has a reason");
                           ++refusals_;
                         }};
  std::array<Peer, kPeers> peers_;
  std::size_t count_ = 0;
  std::vector<std::unique_ptr<appliance::Channel>> kept_;
};

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes) {
  stillwater::fuzz::Input input(data, bytes);
  stillwater::fuzz::Node node(input);
  for (unsigned actions = 0; !input.empty() && actions < 100; ++actions) node.act();
  node.finish();
  return 0;
}
