// A peer whose heartbeats come, and that does not read, or stops reading, what it is filled with.
#include <algorithm>

#include <poll.h>

#include "appliance/replication/handshake.h"
#include "appliance/replication/socket.h"
#include "tests/unit/node/live_node.h"

namespace stillwater::appliance::test {
namespace {

using dataplane::eventually;
using standby::Role;

constexpr std::uint64_t kIncarnation = 7;
constexpr std::uint64_t kBallast = 48u << 20;  // more than two sockets hold

// An empty fw-b, as far as fw-a can tell.
class SilentPeer {
 public:
  explicit SilentPeer(const LiveNode& other) {
    auto opened = Paths::open(replication_of(Who::fw_b), "fw-b", clock_, lease_, [] { return Nanos(0); });
    REQUIRE(opened.has_value());
    paths_ = std::move(*opened);
    wire::Heartbeat beat{};
    beat.incarnation = kIncarnation;
    beat.state = wire::NodeState::starting;
    beat.flags = wire::kHoldsNothing;
    paths_->say(beat);
    auto fd = dial_tcp(paths_->config(0).listen, paths_->config(0).peer);
    REQUIRE(fd.has_value());
    REQUIRE(wait_for(fd->get(), POLLOUT, clock_, clock_.now() + 5s));
    channel_ = plain_channel(std::move(*fd));
    REQUIRE(say_hello(*channel_, hello(other), clock_).has_value());
    REQUIRE(channel_->send_all(engine::frames_of(engine::Holdings{}), clock_, clock_.now()).has_value());
    build_configuration();
  }

  // At 256 MB/s at most: what the other node says of its progress is some milliseconds old.
  void read(std::uint64_t bytes) {
    std::vector<std::byte> into(256u << 10);
    const Instant deadline = clock_.now() + 20s;
    while (bytes > 0) {
      REQUIRE(wait_for(channel_->fd(), POLLIN, clock_, deadline));
      const auto got = channel_->receive_some(into);
      REQUIRE(got.has_value());
      bytes -= std::min<std::uint64_t>(bytes, *got);
      poll(nullptr, 0, 1);
    }
  }

 private:
  // Nobody is filled before. Nothing of what it is filled with has left then.
  void build_configuration() {
    std::vector<std::byte> buffer(4096);
    const Instant deadline = clock_.now() + 20s;
    for (std::size_t filled = 0, at = 0;;) {
      const auto frame = wire::parse(std::span(buffer).subspan(at, filled - at));
      REQUIRE(frame.has_value());
      if (!frame->has_value()) {
        REQUIRE(wait_for(channel_->fd(), POLLIN, clock_, deadline));
        const auto got = channel_->receive_some(std::span(buffer).subspan(filled));
        REQUIRE(got.has_value());
        filled += *got;
        continue;
      }
      if ((*frame)->type == wire::Type::config) break;
      at += sizeof(wire::FrameHeader) + (*frame)->payload.size();
    }
    const auto built = wire::make_frame(wire::Type::config_built, wire::ConfigBuiltHeader{1, 0, 0});
    REQUIRE(channel_->send_all(built, clock_, clock_.now() + 1s).has_value());
  }

  static wire::Hello hello(const LiveNode& other) {
    wire::Hello hello{};
    hello.node = wire::padded<64>("fw-b");
    hello.layout_digest = other.header().layout_digest;
    hello.service_digest = other.config().service_digest();
    hello.region_bytes = other.header().size_bytes;
    hello.region_format = other.header().format_version;
    hello.state = wire::NodeState::starting;
    hello.incarnation = kIncarnation;
    return hello;
  }

  BootClock clock_;
  TransmitPermit permit_;
  standby::Lease lease_{permit_, 1s, 100ms};
  std::unique_ptr<Paths> paths_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace

TEST_CASE(
    "M7: a peer that stops reading its first sync is given up, with the reason; forwarding goes on, and "
    "another one is filled") {
  LiveNode a(Who::fw_a, kBallast);
  a.start();
  REQUIRE(eventually([&] { return a.role() == Role::standalone; }));
  a.greet();
  std::ranges::fill(a.ballast(), std::byte{0x5a});
  CHECK(a.view().sync_progress == 0);
  const std::uint64_t reads = GENERATE(std::uint64_t{0}, std::uint64_t{24u << 20});
  {
    SilentPeer peer(a);
    REQUIRE(eventually([&] { return a.view().sync.has_value(); }));
    peer.read(reads);
    if (reads > 0) {
      REQUIRE(eventually([&] { return a.view().sync && a.view().sync->left_bytes < kBallast - reads; }));
      const NodeView view = a.view();
      if (view.sync) {
        CHECK(view.sync->round == 1);
        CHECK(view.sync->bytes_per_s > 0);
        CHECK(view.sync_progress > 0.3);
        CHECK(view.sync_progress < 1);
      }
    }
    a.query(4000);
    CHECK(a.forwarded() == 4000);
    REQUIRE(eventually([&] { return a.node().checkpoints().failed == 1; }));
    CHECK(a.node().checkpoints().last_failure.find("does not read") != std::string::npos);
    REQUIRE(eventually([&] { return !a.view().sync; }));
    CHECK(a.role() == Role::standalone);
    CHECK(a.view().peer.empty());
    CHECK(a.view().sync_progress == 0);
    CHECK(a.view().mirror == "tracking");
    a.query(4001);
    CHECK(a.forwarded() == 4001);
  }
  LiveNode b(Who::fw_b, kBallast);
  b.start_as_follower();
  REQUIRE(eventually([&] { return a.role() == Role::active && b.role() == Role::standby; }));
  CHECK(std::ranges::equal(b.ballast().first(4096), a.ballast().first(4096)));
  CHECK(a.view().sync_progress == 1);
  CHECK_FALSE(a.view().sync);
  a.query(4002);
  CHECK(a.forwarded() == 4002);
  b.stop();
}

}  // namespace stillwater::appliance::test
